/** Sends whatever comes to eth0 on to a real server, by the sockets of the raw data plane and with nothing else done: its limit. */

import { openNpmSockets } from '../../src/dataplane/raw/npm-sockets.js'
import { ownMark, Silence } from '../../src/dataplane/raw/silence.js'
import { Nft } from '../../src/net/nft.js'
import { MemoryLog } from '../../test/lib/memory-log.js'
import { vips } from '../live/testbed.js'
import { servers, vport } from '../traffic.js'

const sportAt = 20

await new Silence(new Nft(), 'bare', new MemoryLog()).open([{ protocol: 'tcp', vip: vips.route, vport }])
const sockets = await openNpmSockets(ownMark)
sockets.receive('eth0', (datagram) => {
  const server = servers[datagram.readUInt16BE(sportAt) % servers.length]
  if (server) sockets.send(datagram, server.rip)
})
process.stdout.write('ready\n')
