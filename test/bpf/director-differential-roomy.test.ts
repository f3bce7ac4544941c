/** Eight to 32 sets: connections live. */
import { agree } from './differential-seeds.js'

agree([3, 9, 4, 10, 5])
