/** Sends whatever comes to eth0 on to a real server, by the sockets of the raw data plane and with nothing else done: its limit. */

import { addressToNumber } from '../../src/core/address.js'
import { openBatchSockets } from '../../src/dataplane/raw/batch-sockets.js'
import { openNpmSockets } from '../../src/dataplane/raw/npm-sockets.js'
import { ownMark, Silence } from '../../src/dataplane/raw/silence.js'
import { Nft } from '../../src/net/nft.js'
import { MemoryLog } from '../../test/lib/memory-log.js'
import { vips } from '../live/testbed.js'
import { servers, vport } from '../traffic.js'

const sportAt = 20

await new Silence(new Nft(), 'bare', new MemoryLog()).open([{ protocol: 'tcp', vip: vips.route, vport }])
const sockets = process.argv[2] === 'npm' ? await openNpmSockets(ownMark) : openBatchSockets(ownMark)
const addresses = servers.map(({ rip }) => addressToNumber(rip))
sockets.receive('eth0', (datagram) => {
  const address = addresses[datagram.bytes.readUInt16BE(datagram.from + sportAt) % addresses.length]
  if (address !== undefined) sockets.send(datagram, address)
})
process.stdout.write('ready\n')
