/**
 * IPVS's attributes, both ways. The answers are those of Debian's kernel 6.1, to the byte, with figures put in where an idle
 * director has zeros; the requests are by the layouts of include/uapi/linux/ip_vs.h.
 */
import t from 'tap'
import { addressText, inetAddress } from '../../../src/ipvs/codec/address.js'
import { decodeGenl, encodeGenl, familyAttributes } from '../../../src/ipvs/codec/genetlink.js'
import { commandAttributes, infoAttributes, type Stats } from '../../../src/ipvs/codec/ipvs.js'
import { decodeMessage } from '../../../src/ipvs/codec/message.js'
import { procAttributes } from '../../../src/ipvs/codec/proc.js'
import { Writer } from '../../../src/ipvs/codec/writer.js'
import { hex } from './bytes.js'

const stats: Stats = {
  conns: 1,
  inpkts: 2,
  outpkts: 3,
  inbytes: 0x1_0000_0004,
  outbytes: 5,
  cps: 6,
  inpps: 7,
  outpps: 8,
  inbps: 9,
  outbps: 10,
}

const statsBytes = `5c000a00
  0800 0100 01000000   0800 0200 02000000   0800 0300 03000000
  0c00 0400 0400000001000000   0c00 0500 0500000000000000
  0800 0600 06000000   0800 0700 07000000   0800 0800 08000000   0800 0900 09000000   0800 0a00 0a000000`

const stats64Bytes = `7c000c00
  0c00 0100 0100000000000000   0c00 0200 0200000000000000   0c00 0300 0300000000000000
  0c00 0400 0400000001000000   0c00 0500 0500000000000000   0c00 0600 0600000000000000
  0c00 0700 0700000000000000   0c00 0800 0800000000000000   0c00 0900 0900000000000000   0c00 0a00 0a00000000000000`

const commands: [what: string, values: Parameters<typeof commandAttributes.encode>[1], bytes: string][] = [
  [
    'a service in an answer',
    {
      service: {
        af: 2,
        protocol: 6,
        addr: inetAddress('192.0.2.10'),
        port: 80,
        schedName: 'rr',
        flags: { flags: 2, mask: 0xffffffff },
        timeout: 0,
        netmask: 0xffffffff,
        stats,
        stats64: stats,
      },
    },
    `2c010100   0600 0100 02000000   0600 0200 06000000   1400 0300 c000020a000000000000000000000000
     0600 0400 00500000   0700 0600 72720000   0c00 0700 02000000ffffffff   0800 0800 00000000   0800 0900 ffffffff
     ${statsBytes} ${stats64Bytes}`,
  ],
  [
    'a service by its mark, with persistence and an engine',
    {
      service: {
        af: 10,
        fwmark: 1,
        schedName: 'sh',
        peName: 'sip',
        flags: { flags: 1, mask: 1 },
        timeout: 360,
        netmask: 0xffffff00,
      },
    },
    `40000100   0600 0100 0a000000   0800 0500 01000000   0700 0600 73680000   0800 0b00 73697000
     0c00 0700 0100000001000000   0800 0800 68010000   0800 0900 ffffff00`,
  ],
  [
    'a real server in an answer',
    {
      dest: {
        addr: inetAddress('10.0.0.12'),
        port: 80,
        fwdMethod: 3,
        weight: 7,
        tunType: 1,
        tunPort: 6080,
        tunFlags: 2,
        uThresh: 20,
        lThresh: 10,
        activeConns: 4,
        inactConns: 5,
        persistConns: 6,
        addrFamily: 2,
        stats,
        stats64: stats,
      },
    },
    `50010200   1400 0100 0a00000c000000000000000000000000   0600 0200 00500000   0800 0300 03000000   0800 0400 07000000
     0500 0d00 01000000   0600 0e00 17c00000   0600 0f00 02000000   0800 0500 14000000   0800 0600 0a000000
     0800 0700 04000000   0800 0800 05000000   0800 0900 06000000   0600 0b00 02000000   ${statsBytes} ${stats64Bytes}`,
  ],
  [
    'half of the sync daemon',
    {
      daemon: {
        state: 1,
        mcastIfn: 'eth0',
        syncId: 5,
        syncMaxlen: 1472,
        mcastPort: 8848,
        mcastTtl: 1,
        mcastGroup: 0xe0000051,
      },
    },
    `40000300   0800 0100 01000000   0900 0200 6574683000000000   0800 0300 05000000   0600 0400 c0050000
     0600 0700 90220000   0500 0800 01000000   0800 0500 e0000051`,
  ],
  [
    'timeouts',
    { timeoutTcp: 900, timeoutTcpFin: 120, timeoutUdp: 300 },
    '0800 0400 84030000   0800 0500 78000000   0800 0600 2c010000',
  ],
]

for (const [what, values, bytes] of commands) {
  t.test(what, async (t) => {
    const writer = new Writer()
    commandAttributes.encode(writer, values)
    t.equal(writer.take().toString('hex'), hex(bytes).toString('hex'))
    t.strictSame(commandAttributes.decode(hex(bytes)), values)
  })
}

t.test('the group of an IPv6 sync daemon', async (t) => {
  const group = `ff02${'00'.repeat(13)}12`
  t.strictSame(commandAttributes.decode(hex(`18000300 1400 0600 ${group}`)), { daemon: { mcastGroup6: hex(group) } })
})

t.test('version and size', async (t) => {
  const bytes = hex('0800 0100 01020100   0800 0200 00100000')
  const values = { version: 0x010201, connTabSize: 4096 }
  t.strictSame(infoAttributes.decode(bytes), values)
  const writer = new Writer()
  infoAttributes.encode(writer, values)
  t.strictSame(writer.take(), bytes)
})

t.test('a family and its operations', async (t) => {
  const bytes = hex(`0900 0200 4950565300000000   0600 0100 20000000   0800 0300 01000000   0800 0400 00000000
    0800 0500 06000000   2c00 0600
      1400 0100 0800 0100 01000000 0800 0200 0b000000
      1400 0200 0800 0100 04000000 0800 0200 0f000000`)
  const values = {
    familyName: 'IPVS',
    familyId: 32,
    version: 1,
    hdrsize: 0,
    maxattr: 6,
    ops: [
      { opId: 1, opFlags: 0xb },
      { opId: 4, opFlags: 0xf },
    ],
  }
  t.strictSame(familyAttributes.decode(bytes), values)
  const writer = new Writer()
  familyAttributes.encode(writer, values)
  t.strictSame(writer.take(), bytes)
})

t.test('a whole message', async (t) => {
  const writer = new Writer()
  const header = { type: 1023, flags: 2, seq: 3, pid: 77 }
  encodeGenl(writer, header, { cmd: 64, version: 1 }, () => procAttributes.encode(writer, { text: hex('414243') }))
  const bytes = writer.take()
  t.strictSame(bytes, hex('1c000000 ff03 0200 03000000 4d000000 40 01 0000 0700 0200 41424300'))
  const { payload, ...rest } = decodeMessage(bytes)
  t.strictSame(rest, header)
  t.strictSame(decodeGenl(payload), { cmd: 64, version: 1, attributes: hex('0700 0200 41424300') })
  t.throws(() => decodeGenl(hex('400100')), { code: 'EINVAL' })
})

t.test('addresses', async (t) => {
  t.equal(addressText(2, inetAddress('192.0.2.10')), '192.0.2.10')
  t.equal(addressText(10, hex(`20010db8${'00'.repeat(11)}01`)), '2001:db8::1')
  t.strictSame(Buffer.from(inetAddress('10.0.0.1')), hex(`0a000001${'00'.repeat(12)}`))
})
