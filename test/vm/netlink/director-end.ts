import { once } from 'node:events'
import { connect } from 'node:net'
import { NetlinkEnd } from './netlink-end.js'

/** A director, on its socket for IPVS's messages. */
export async function openDirectorEnd(path: string): Promise<NetlinkEnd> {
  const socket = connect(path)
  await once(socket, 'connect')
  return new NetlinkEnd('xlvs', socket, socket)
}
