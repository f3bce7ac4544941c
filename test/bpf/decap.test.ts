import t from 'tap'
import { BpfObject, xdpActions } from '../../src/bpf/index.js'
import { addressToNumber } from '../../src/core/address.js'
import { checkoutFile } from '../lib/checkout.js'
import { etherTypes, type FrameSpec, frame, type Ipv4Fields, ipip } from '../lib/packet.js'

const vip = '192.0.2.10'
const outer = { source: '192.168.19.254', destination: '192.168.19.2' }
const inner = { ip: { destination: vip, ttl: 63 }, tcp: { flags: 'PA' }, payload: 'GET / HTTP/1.0\r\n\r\n' }

const notEct = 0
const ect1 = 1
const ect0 = 2
const ce = 3

const object = BpfObject.open(checkoutFile('build/bpf/decap.bpf.o'))
object.load()
const program = object.program('decap')
const vips = object.map('decap_vips')
const key = Buffer.alloc(4)
key.writeUInt32BE(addressToNumber(vip))
vips.update(key, Uint8Array.of(1))
t.teardown(() => object.close())

interface Case {
  readonly name: string
  readonly frame: Buffer
  readonly action?: keyof typeof xdpActions
  /** Default: the frame as it came. */
  readonly out?: Buffer
}

function withTos(spec: FrameSpec, tos: number): Buffer {
  return frame({ ...spec, ip: { ...spec.ip, tos } })
}

function tunnelled(ip: Ipv4Fields, content: FrameSpec = inner): Buffer {
  return ipip({ ip: { ...outer, ...ip } }, content)
}

const taken: Case[] = [
  { name: 'the outer header goes', frame: tunnelled({}), out: frame(inner) },
  { name: 'with outer options', frame: tunnelled({ options: Buffer.alloc(40, 1) }), out: frame(inner) },
  ...[[7], [8, 7]].map((vlans) => ({
    name: `${vlans.length} VLAN tags stay`,
    frame: ipip({ vlans, ip: outer }, inner),
    out: frame({ ...inner, vlans }),
  })),
  {
    name: 'the least that there can be inside',
    frame: tunnelled({}, { ip: { destination: vip } }),
    out: frame({ ip: { destination: vip } }),
  },
  {
    name: 'a fragment inside',
    frame: tunnelled({}, { ip: { destination: vip, mf: true, fragmentOffset: 1480, protocol: 17 }, payload: 'rest' }),
    out: frame({ ip: { destination: vip, mf: true, fragmentOffset: 1480, protocol: 17 }, payload: 'rest' }),
  },
  {
    name: 'padding of the link layer stays behind the packet',
    frame: Buffer.concat([tunnelled({}), Buffer.alloc(6)]),
    out: Buffer.concat([frame(inner), Buffer.alloc(6)]),
  },
]

/** RFC 6040 as Linux has it: what comes out for each pair of outer and inner ECN; undefined: dropped. */
const ecn: [outer: number, inner: number, result: number | undefined][] = [
  [notEct, notEct, notEct],
  [notEct, ect0, ect0],
  [ect0, notEct, notEct],
  [ect0, ect0, ect0],
  [ect0, ect1, ect1],
  [ect0, ce, ce],
  [ce, ect0, ce],
  [ce, ect1, ce],
  [ce, ce, ce],
  [ce, notEct, undefined],
]
const dscp = 0xb8
const congested: Case[] = ecn.map(([outerEcn, innerEcn, result]) => ({
  name: `ECN ${outerEcn} outside, ${innerEcn} inside`,
  frame: tunnelled({ tos: outerEcn }, { ...inner, ip: { ...inner.ip, tos: dscp | innerEcn } }),
  ...(result === undefined ? { action: 'drop' } : { out: withTos(inner, dscp | result) }),
}))

const plain = tunnelled({})
/** As the inner header says. */
const innerLength = frame(inner).length - 14
const untouched: Case[] = [
  { name: 'another address inside', frame: tunnelled({}, { ...inner, ip: { destination: '192.0.2.11' } }) },
  { name: 'a packet to the VIP without a tunnel', frame: frame(inner) },
  { name: 'ARP', frame: frame({ ethernet: { etherType: etherTypes.arp } }) },
  { name: 'IPv6', frame: frame({ ethernet: { etherType: etherTypes.ipv6 } }) },
  { name: 'another protocol outside', frame: tunnelled({ protocol: 47 }) },
  { name: 'first fragment of a tunnelled packet', frame: tunnelled({ mf: true }) },
  { name: 'last fragment of a tunnelled packet', frame: tunnelled({ fragmentOffset: 1480 }) },
  { name: 'outer header of another version', frame: tunnelled({ version: 6 }) },
  { name: 'outer header too short', frame: tunnelled({ ihl: 4 }) },
  { name: 'outer header longer than its packet', frame: tunnelled({ ihl: 15, totalLength: 40 }) },
  { name: 'outer length beyond the frame', frame: tunnelled({ totalLength: plain.length }) },
  { name: 'outer length without room for what is inside', frame: tunnelled({ totalLength: 50 }) },
  { name: 'wrong outer checksum', frame: tunnelled({ checksum: 0x1234 }) },
  { name: 'another version inside', frame: tunnelled({}, { ...inner, ip: { ...inner.ip, version: 6 } }) },
  { name: 'inner header too short', frame: tunnelled({}, { ...inner, ip: { ...inner.ip, ihl: 4 } }) },
  { name: 'inner length beyond the frame', frame: tunnelled({}, { ...inner, ip: { ...inner.ip, totalLength: 1500 } }) },
  {
    name: 'inner length beyond the outer one, in padding of the link layer',
    frame: Buffer.concat([
      tunnelled({}, { ...inner, ip: { ...inner.ip, totalLength: innerLength + 6 } }),
      Buffer.alloc(6),
    ]),
  },
  { name: 'three VLAN tags', frame: ipip({ vlans: [9, 8, 7], ip: outer }, inner) },
  ...[14, 20, 33, 34, 53].map((length) => ({
    name: `cut off after ${length} bytes`,
    frame: plain.subarray(0, length),
  })),
]

for (const { name, frame: data, action = 'pass', out = data } of [...taken, ...congested, ...untouched]) {
  t.test(name, async (t) => {
    const result = program.testRun({ data })
    t.equal(result.retval, xdpActions[action])
    if (action === 'pass') t.equal(result.data.toString('hex'), out.toString('hex'))
  })
}

t.test('a header marked on the way has the right checksum, whatever it was before', async (t) => {
  const wrong = []
  for (let id = 0; id < 0x10000; id += 0x101) {
    const sent = { ...inner, ip: { ...inner.ip, id, tos: ect0 } }
    const { data } = program.testRun({ data: tunnelled({ tos: ce }, sent) })
    if (!data.equals(withTos(sent, ce))) wrong.push(id)
  }
  t.same(wrong, [])
})

t.test('no longer a VIP', async (t) => {
  vips.delete(key)
  t.equal(program.testRun({ data: plain }).data.toString('hex'), plain.toString('hex'))
})
