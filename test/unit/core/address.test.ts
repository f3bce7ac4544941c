import t from 'tap'
import { addressFromNumber, addressToNumber, isUnicast } from '../../../src/core/address.js'

t.test('an address and its number', async (t) => {
  for (const [address, number] of [
    ['0.0.0.0', 0],
    ['0.0.0.1', 1],
    ['10.0.0.11', 0x0a00000b],
    ['192.0.2.10', 0xc000020a],
    ['255.255.255.255', 0xffffffff],
  ] as const) {
    t.equal(addressToNumber(address), number, address)
    t.equal(addressFromNumber(number), address, address)
  }
})

t.test('addresses of one host', async (t) => {
  for (const address of ['1.0.0.0', '127.0.0.1', '223.255.255.255']) t.ok(isUnicast(address), address)
  for (const address of ['0.1.2.3', '224.0.0.1', '255.255.255.255']) t.notOk(isUnicast(address), address)
})
