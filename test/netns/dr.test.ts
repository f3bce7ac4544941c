import { dr } from '../lib/lab-dr.js'
import { labHolds, labTest } from '../lib/lab-test.js'

await labTest(dr.title, dr, labHolds)
