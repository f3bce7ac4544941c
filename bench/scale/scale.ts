/** What the number of services and of real servers costs: see bench/README.md. */
import type { Session } from '../group.js'
import type { Sample } from '../sample.js'
import { controlCost } from './control.js'
import { packetCost } from './packets.js'

export async function scale(session: Session): Promise<readonly Sample[]> {
  return [...packetCost(session), ...(await controlCost(session))]
}
