import { openBareTx } from './bare-tx.js'
import { openDirector } from './director.js'
import type { Subject, SubjectName } from './subject.js'
import { openTextbook } from './textbook.js'

/** Opens a subject with an empty table of `slots` connections. */
export function openSubject(name: SubjectName, slots: number): Subject {
  switch (name) {
    case 'bare-tx':
      return openBareTx()
    case 'textbook-dr':
      return openTextbook('route', slots)
    case 'textbook-tun':
      return openTextbook('tunnel', slots)
    case 'director-dr':
      return openDirector('route', slots)
    case 'director-tun':
      return openDirector('tunnel', slots)
  }
}
