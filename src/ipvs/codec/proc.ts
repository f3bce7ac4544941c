/** A command of our own in IPVS's family: reads a file that kernel IPVS has in /proc/net. */
import { AttributeSet } from './attributes.js'
import { binary, nulString } from './kinds.js'

/** Its number, well above those of the kernel. */
export const PROC_READ = 64

/** The file is asked for by name; answers are a dump, each with a piece of its text. */
export const procAttributes = new AttributeSet({
  name: [1, nulString(31)],
  text: [2, binary],
})
