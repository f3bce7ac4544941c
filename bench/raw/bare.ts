/** Sends whatever comes to eth0 on to a real server, by the sockets of the raw data plane and with nothing else done: its limit. */

import { addressToNumber } from '../../src/core/address.js'
import { openBatchSockets } from '../../src/dataplane/raw/batch-sockets.js'
import { openNpmSockets } from '../../src/dataplane/raw/npm-sockets.js'
import { ownMark, Silence } from '../../src/dataplane/raw/silence.js'
import { Nft } from '../../src/net/nft.js'
import { MemoryLog } from '../../test/lib/memory-log.js'
import { noDatagrams } from '../../test/lib/raw-director.js'
import { vips } from '../live/testbed.js'
import { servers, vport } from '../traffic.js'

const sportAt = 20

await new Silence(new Nft(), 'bare', new MemoryLog()).open([{ protocol: 'tcp', vip: vips.route, vport }])
const memory = noDatagrams()
const { bytes, offsets, lengths } = memory
const sockets = process.argv[2] === 'npm' ? await openNpmSockets(ownMark, memory) : openBatchSockets(ownMark, memory)
const addresses = servers.map(({ rip }) => addressToNumber(rip))
sockets.receive('eth0', (count) => {
  for (let i = 0; i < count; i++) {
    const from = offsets[i] ?? 0
    const address = addresses[bytes.readUInt16BE(from + sportAt) % addresses.length]
    if (address !== undefined) sockets.send(from, lengths[i] ?? 0, address)
  }
})
process.stdout.write('ready\n')
