import { mixed } from '../lib/lab-mixed.js'
import { labHolds, labTest } from '../lib/lab-test.js'

await labTest(mixed.title, mixed, labHolds)
