/** Attributes of every kind, checked as validate_nla() and __nla_validate_parse() in lib/nlattr.c do. */
import t from 'tap'
import { AttributeSet, listOf, nested } from '../../../src/ipvs/codec/attributes.js'
import * as kinds from '../../../src/ipvs/codec/kinds.js'
import { Writer } from '../../../src/ipvs/codec/writer.js'
import { hex } from './bytes.js'

const encoded = <T>(kind: kinds.Kind<T>, value: T): Buffer => {
  const writer = new Writer()
  kind.encode(writer, value)
  return writer.take()
}

/** Kinds, a value, and the payload that it has. */
const values: [name: string, kind: kinds.Kind<unknown>, value: unknown, payload: string][] = [
  ['u8', kinds.u8, 0xfe, 'fe'],
  ['u16', kinds.u16, 0x0102, '0201'],
  ['u32', kinds.u32, 0xfffefdfc, 'fcfdfeff'],
  ['u64', kinds.u64, 2 ** 53 - 1, 'ffffffffffff1f00'],
  ['u64 beyond 32 bits', kinds.u64, 0x1_0000_0002, '0200000001000000'],
  ['be16', kinds.be16, 80, '0050'],
  ['be32', kinds.be32, 0xffffff00, 'ffffff00'],
  ['flags', kinds.ipvsFlags, { flags: 2, mask: 0xffffffff }, '02000000 ffffffff'],
  ['string', kinds.nulString(15), 'wlc', '776c6300'],
  ['longest string', kinds.nulString(3), 'wlc', '776c6300'],
  ['address', kinds.inetAddress, hex('c000020a 000000000000000000000000'), 'c000020a 000000000000000000000000'],
  ['in6', kinds.in6Address, hex('20010db8 0000000000000000 00000001'), '20010db8 0000000000000000 00000001'],
  ['binary', kinds.binary, hex('00ff'), '00ff'],
]

for (const [name, kind, value, payload] of values) {
  t.test(`both ways: ${name}`, async (t) => {
    t.strictSame(kind.decode(hex(payload)), value)
    t.strictSame(encoded(kind, value), hex(payload))
  })
}

t.test('of a counter the lower half is told', async (t) => {
  t.strictSame(encoded(kinds.low32, 0x1_0000_0002), hex('02000000'))
})

/** Payloads that are refused. */
const refused: [name: string, kind: kinds.Kind<unknown>, payload: string, code: string][] = [
  ['u8 of nothing', kinds.u8, '', 'ERANGE'],
  ['u16 of one byte', kinds.u16, '01', 'ERANGE'],
  ['u32 of three bytes', kinds.u32, '010203', 'ERANGE'],
  ['u64 of seven bytes', kinds.u64, '01020304050607', 'ERANGE'],
  ['be16 of one byte', kinds.be16, '01', 'ERANGE'],
  ['be32 of three bytes', kinds.be32, '010203', 'ERANGE'],
  ['an address of 17 bytes', kinds.inetAddress, '00'.repeat(17), 'ERANGE'],
  ['in6_addr of 15 bytes', kinds.in6Address, '00'.repeat(15), 'ERANGE'],
  ['flags of 9 bytes', kinds.ipvsFlags, '00'.repeat(9), 'ERANGE'],
  ['an empty string', kinds.nulString(3), '', 'EINVAL'],
  ['a string without its end', kinds.nulString(3), '776c63', 'EINVAL'],
  ['a string whose end comes too late', kinds.nulString(3), '776c637200', 'EINVAL'],
  ['a string with too much behind its end', kinds.nulString(3), '7700000000', 'ERANGE'],
]

for (const [name, kind, payload, code] of refused) {
  t.test(`${name}: ${code}`, async (t) => {
    t.throws(() => kind.decode(hex(payload)), { name: 'NetlinkError', code })
  })
}

t.test('what is longer than needed, or shorter than it may be', async (t) => {
  t.equal(kinds.u16.decode(hex('0100ffff')), 1, 'the first bytes of a number')
  t.strictSame(kinds.inetAddress.decode(hex('0a000001')), hex(`0a000001${'00'.repeat(12)}`), 'a short address')
  t.strictSame(kinds.ipvsFlags.decode(hex('01000000')), { flags: 1, mask: 0 })
  t.equal(kinds.nulString(5).decode(hex('776c630061')), 'wlc', 'up to the first NUL')
})

const inner = new AttributeSet({ port: [2, kinds.be16] })
const set = new AttributeSet({ name: [3, kinds.nulString(15)], inner: [1, nested(inner)] })

t.test('attributes in the order of the set, padded', async (t) => {
  const writer = new Writer()
  set.encode(writer, { inner: { port: 80 }, name: 'rr' })
  const bytes = hex('0700 0300 727200 00   0c00 0100  0600 0200 0050 0000')
  t.strictSame(writer.take(), bytes)
  t.strictSame(set.decode(bytes), { name: 'rr', inner: { port: 80 } })
})

t.test('what is not known, not whole or there twice', async (t) => {
  t.strictSame(set.decode(hex('0400 0000   0800 0900 00000000')), {}, 'types that are not in the set')
  t.strictSame(set.decode(hex('0700 0380 727200 00')), { name: 'rr' }, 'NLA_F_NESTED is no part of the type')
  t.strictSame(set.decode(hex('0700 0300 727200 00   0600 0300 6c00 0000')), { name: 'l' }, 'the last one counts')
  t.strictSame(set.decode(hex('0700 0300 727200 00   ffff 0300')), { name: 'rr' }, 'a length beyond the end')
  t.strictSame(set.decode(hex('0700 0300 727200 00   0300 0300')), { name: 'rr' }, 'a length below a header')
  t.strictSame(set.decode(hex('0700 0300 727200')), { name: 'rr' }, 'the last one without its padding')
  t.strictSame(set.decode(hex('0700')), {}, 'half a header')
})

t.test('attributes within attributes', async (t) => {
  t.strictSame(set.decode(hex('0400 0100')), { inner: {} }, 'none')
  t.throws(() => set.decode(hex('0600 0100 0000')), { code: 'ERANGE' }, 'less than one')
  t.throws(() => set.decode(hex('0900 0100 0500 0200 00')), { code: 'EINVAL' }, 'whatever is wrong within')
})

t.test('a list counts its elements from 1', async (t) => {
  const kind = listOf(nested(inner))
  const bytes = hex('0c00 0100 0600 0200 0050 0000   0c00 0200 0600 0200 0051 0000')
  t.strictSame(encoded(kind, [{ port: 80 }, { port: 81 }]), bytes)
  t.strictSame(kind.decode(bytes), [{ port: 80 }, { port: 81 }])
})

t.test('bytes outgrow their buffer', async (t) => {
  const writer = new Writer()
  for (let value = 0; value < 3000; value++) writer.u32(value)
  t.equal(writer.length, 12_000)
  const bytes = writer.take()
  t.ok(Array.from({ length: 3000 }, (_, i) => bytes.readUInt32LE(i * 4)).every((value, i) => value === i))
  t.equal(writer.length, 0)
  writer.u8(9)
  t.strictSame(writer.take(), hex('09'), 'what comes later begins anew')
  t.equal(bytes.readUInt32LE(0), 0, 'and leaves the former alone')
})

t.test('of a message that cannot be written nothing is left', async (t) => {
  const writer = new Writer()
  writer.u8(1)
  t.throws(() => writer.sizedByU32(() => writer.sizedByU16(() => writer.bytes(Buffer.alloc(65_536)))), RangeError)
  t.strictSame(writer.take(), hex('01'))
})
