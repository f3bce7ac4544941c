import { openBareTx } from './bare-tx.js'
import { openDirector } from './director.js'
import type { Subject, SubjectName } from './subject.js'
import { openTextbook } from './textbook.js'

/** Opens a subject with an empty table of `slots` connections. */
export function openSubject(name: SubjectName, slots: number): Subject {
  switch (name) {
    case 'bare XDP_TX':
      return openBareTx()
    case 'textbook DR':
      return openTextbook('route', slots)
    case 'textbook TUN':
      return openTextbook('tunnel', slots)
    case 'xlvs DR':
      return openDirector({ sending: 'route', slots })
    case 'xlvs TUN':
      return openDirector({ sending: 'tunnel', slots })
  }
}
