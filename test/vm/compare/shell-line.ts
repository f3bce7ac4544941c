import { isFile } from './observation.js'

/** The line of shell that shows what is called so in an observation. */
export function shellLine(line: string): string {
  return isFile(line) ? `cat ${line}` : `ipvsadm ${line}`
}
