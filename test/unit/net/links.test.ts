import t from 'tap'
import { type Link, ownMacs } from '../../../src/net/links.js'

function link(name: string, mac: string | undefined, on: Pick<Link, 'parent' | 'master'> = {}): Link {
  return { name, ifindex: 1, mtu: 1500, up: true, ...(mac && { mac }), ...on }
}

const links = [
  link('lo', undefined),
  link('eth0', '02:00:00:00:00:01', { master: 'br0' }),
  link('br0', '02:00:00:00:00:02'),
  link('vrrp.51', '00:00:5e:00:01:33', { parent: 'eth0' }),
  link('vrrp.52', '00:00:5e:00:01:34', { parent: 'br0' }),
  link('eth0.7', '02:00:00:00:00:01', { parent: 'eth0' }),
  link('eth1', '02:00:00:00:00:03', { master: 'br0' }),
  link('eth2', '02:00:00:00:00:04'),
]

const cases: readonly { interfaces: readonly string[]; macs: readonly string[]; why: string }[] = [
  { interfaces: ['eth2'], macs: ['02:00:00:00:00:04'], why: 'its own' },
  {
    interfaces: ['eth0'],
    macs: ['00:00:5e:00:01:33', '00:00:5e:00:01:34', '02:00:00:00:00:01', '02:00:00:00:00:02'],
    why: "its own once, those of devices on it, its bridge's and of devices on that; not those of other ports",
  },
  { interfaces: ['lo'], macs: [], why: 'it has none' },
  { interfaces: [], macs: [], why: 'nothing asked for' },
]

for (const { interfaces, macs, why } of cases) {
  t.test(`[${interfaces}]: ${why}`, async (t) => t.strictSame(ownMacs(links, interfaces), macs))
}
