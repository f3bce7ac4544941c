/** One to four sets: connections have to give way to each other all the time. */
import { agree } from './differential-seeds.js'

agree([6, 12, 1, 7, 2])
