import t from 'tap'
import { describe } from '../../lib/describe-frame.js'
import { checksum, frame, ipip, packet } from '../../lib/packet.js'

const hex = (bytes: Buffer) => bytes.toString('hex')

t.test('checksum', async (t) => {
  // The example of RFC 1071 section 3: the sum of these words is ddf2.
  t.equal(checksum(Buffer.from('0001f203f4f5f6f7', 'hex')), ~0xddf2 & 0xffff)
  // The header of Wikipedia's article "Internet checksum": b861.
  t.equal(checksum(Buffer.from('4500007300004000401100 00c0a80001c0a800c7'.replace(' ', ''), 'hex')), 0xb861)
  t.equal(checksum(Buffer.from('ff', 'hex')), 0x00ff, 'an odd byte is the high one')
})

t.test('a TCP SYN, byte by byte', async (t) => {
  const syn = frame({
    ethernet: { source: '02:00:00:00:00:0a', destination: '02:00:00:00:00:0b' },
    ip: { source: '192.168.0.1', destination: '192.168.0.199', id: 7, df: true },
    tcp: { sport: 1, dport: 2, seq: 3, flags: 'S' },
  })
  t.equal(hex(syn.subarray(0, 14)), '02000000000b02000000000a0800')
  t.equal(hex(syn.subarray(14, 24)), '45000028000740004006')
  t.equal(hex(syn.subarray(26, 34)), 'c0a80001c0a800c7')
  t.equal(hex(syn.subarray(34, 50)), '000100020000000300000000' + '5002ffff')
  t.equal(syn.length, 54)
  t.equal(checksum(syn.subarray(14, 34)), 0, 'IP header')
  const pseudoHeader = Buffer.from('c0a80001c0a800c700060014', 'hex')
  t.equal(checksum(Buffer.concat([pseudoHeader, syn.subarray(34)])), 0, 'TCP')
})

t.test('tags, options, tunnels', async (t) => {
  t.equal(hex(frame({ vlans: [5] }).subarray(12, 18)), '810000050800')
  t.equal(hex(frame({ vlans: [5, 6] }).subarray(12, 22)), '88a80005810000060800')
  const options = packet({ ip: { options: Buffer.from([1, 1, 1]) }, udp: {} })
  t.equal(options[0], 0x46)
  t.equal(options.readUInt16BE(2), 24 + 8)
  const inner = { ip: { ttl: 63 }, tcp: {} }
  const outer = ipip({ ip: { source: '10.0.0.1', destination: '10.0.0.2' } }, inner)
  t.equal(outer[14 + 9], 4)
  t.same(outer.subarray(34), packet(inner))
  t.equal(checksum(outer.subarray(14, 34)), 0)
})

t.test('every field can be broken', async (t) => {
  const cases: [string, Parameters<typeof packet>[0], number, string][] = [
    ['version', { ip: { version: 5 } }, 0, '55'],
    ['ihl', { ip: { ihl: 4 } }, 0, '44'],
    ['tos', { ip: { tos: 0xb8 } }, 1, 'b8'],
    ['total length', { ip: { totalLength: 9 } }, 2, '0009'],
    ['id', { ip: { id: 0x1234 } }, 4, '1234'],
    ['fragment', { ip: { mf: true, fragmentOffset: 16 } }, 6, '2002'],
    ['ttl', { ip: { ttl: 1 } }, 8, '01'],
    ['protocol', { ip: { protocol: 47 }, tcp: {} }, 9, '2f'],
    ['IP checksum', { ip: { checksum: 0xdead } }, 10, 'dead'],
    ['data offset', { tcp: { dataOffset: 15 } }, 32, 'f0'],
    ['flags', { tcp: { flags: 'RAC' } }, 33, '94'],
    ['TCP checksum', { tcp: { checksum: 1 } }, 36, '0001'],
    ['UDP length', { udp: { length: 7 } }, 24, '0007'],
    ['UDP checksum', { udp: { checksum: 0 } }, 26, '0000'],
    ['ICMP type and code', { icmp: { type: 3, code: 4 } }, 20, '0304'],
    ['ICMP rest', { icmp: { rest: 1400 } }, 24, '00000578'],
    ['ICMP checksum', { icmp: { checksum: 0xbeef } }, 22, 'beef'],
  ]
  for (const [name, spec, offset, expected] of cases) {
    t.equal(hex(packet(spec).subarray(offset, offset + expected.length / 2)), expected, name)
  }
  t.throws(() => packet({ tcp: { flags: 'X' } }), { message: "TCP flag 'X': not one of FSRPAUEC" })
})

t.test('describe', async (t) => {
  const macs = '02:00:00:00:00:01 > 02:00:00:00:00:02'
  const cases: [Buffer, string][] = [
    [
      frame({ tcp: { flags: 'SA' }, ip: { df: true } }),
      `${macs} | 198.51.100.1:40000 > 192.0.2.10:80 tcp SA ttl 64 len 40 df`,
    ],
    [
      ipip({ vlans: [7], ip: { source: '10.0.0.1', destination: '10.0.0.2' } }, { udp: {}, payload: 'ab' }),
      `${macs} vlan 7 | 10.0.0.1 > 10.0.0.2 ipip ttl 64 len 50 | 198.51.100.1:40000 > 192.0.2.10:53 udp ttl 64 len 30`,
    ],
    [frame({ ip: { fragmentOffset: 8 }, tcp: {} }), `${macs} | 198.51.100.1 > 192.0.2.10 tcp ttl 64 len 40`],
    [frame({ ethernet: { etherType: 0x0806 } }), `${macs} | ethertype 0x0806`],
    [frame({ tcp: {} }).subarray(0, 40), `${macs} | 198.51.100.1 > 192.0.2.10 tcp ttl 64 len 40`],
    [Buffer.alloc(3), '3 bytes, too short for Ethernet'],
  ]
  for (const [bytes, line] of cases) t.equal(describe(bytes), line)
})
