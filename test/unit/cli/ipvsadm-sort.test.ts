import t from 'tap'
import { compareServers, compareServices, mergeSort } from '../../../src/cli/ipvsadm/sort.js'

type Server = Parameters<typeof compareServers>[0]
type Service = Parameters<typeof compareServices>[0]

const server = (rip: string, rport: number) => ({ rip, rport }) as Server
const service = (protocol: 'tcp' | 'udp', vip: string, vport: number) => ({ protocol, vip, vport }) as Service

t.test('services by protocol, address, port; addresses as numbers', async (t) => {
  const sorted = [
    service('tcp', '10.0.0.9', 80),
    service('tcp', '10.0.0.10', 80),
    service('tcp', '10.0.0.10', 443),
    service('udp', '10.0.0.1', 53),
  ]
  t.same(mergeSort([...sorted].reverse(), compareServices), sorted)
  t.same(mergeSort([...sorted.slice(2), ...sorted.slice(0, 2)], compareServices), sorted)
})

t.test('servers by address, port', async (t) => {
  const sorted = [server('10.0.0.2', 80), server('10.0.0.2', 8080), server('10.0.0.11', 80)]
  t.same(mergeSort([...sorted].reverse(), compareServers), sorted)
})

t.test('addresses more than 2^31 apart compare the wrong way round, as in a C int', async (t) => {
  t.ok(compareServers(server('192.0.2.1', 80), server('10.0.0.1', 80)) < 0)
  t.ok(compareServers(server('127.255.255.255', 80), server('0.0.0.0', 80)) > 0)
  t.ok(compareServers(server('128.0.0.0', 80), server('0.0.0.0', 80)) < 0)
})

t.test('a merge sort in halves, the left one first', async (t) => {
  // Rock, paper, scissors: every element is less than the next one in a circle, so only the procedure decides.
  const circle = (a: number, b: number) => ((b - a + 3) % 3 === 1 ? -1 : a === b ? 0 : 1)
  // [0] and [1, 2]: 1 before 2; then 0 before 1.
  t.same(mergeSort([0, 1, 2], circle), [0, 1, 2])
  // [2] and [1, 0]: 0 before 1; then 2 before 0.
  t.same(mergeSort([2, 1, 0], circle), [2, 0, 1])
  // [0, 2] becomes 2, 0; [1, 2] stays; of the heads 2 and 1 the 1, of 2 and 2 the left one, of 0 and 2 the 2.
  t.same(mergeSort([0, 2, 1, 2], circle), [1, 2, 2, 0])
})

t.test('equals stay in their order', async (t) => {
  const byTens = (a: number, b: number) => Math.floor(a / 10) - Math.floor(b / 10)
  t.same(mergeSort([21, 13, 12, 11, 22, 10], byTens), [13, 12, 11, 10, 21, 22])
})
