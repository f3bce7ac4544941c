import { join } from 'node:path'
import t from 'tap'
import { systemNames } from '../../../src/cli/ipvsadm/names.js'

t.test('reads services(5) as getservbyname and getservbyport do', async (t) => {
  const dir = t.testdir({
    services: [
      '# a comment',
      'http\t\t80/tcp\t\twww\t# WorldWideWeb HTTP',
      'https 443/tcp',
      'https 443/udp',
      'domain 53/udp',
      'late-http 80/tcp http',
      'broken',
      'broken x/tcp',
    ].join('\n'),
  })
  const names = systemNames(join(dir, 'services'))
  t.equal(names.port('http', 'tcp'), 80)
  t.equal(names.port('www', 'tcp'), 80)
  t.equal(names.port('late-http', 'tcp'), 80)
  t.equal(names.port('http', 'udp'), undefined)
  t.equal(names.port('domain', 'tcp'), undefined)
  t.equal(names.port('broken', 'tcp'), undefined)
  t.equal(names.serviceName(80, 'tcp'), 'http')
  t.equal(names.serviceName(443, 'udp'), 'https')
  t.equal(names.serviceName(53, 'tcp'), undefined)
})

t.test('a machine without services has no names', async (t) => {
  const names = systemNames(join(t.testdir({}), 'services'))
  t.equal(names.port('http', 'tcp'), undefined)
  t.equal(names.serviceName(80, 'tcp'), undefined)
})

t.test('knows the names in /etc/hosts', async (t) => {
  const names = systemNames()
  t.equal(await names.address('localhost'), '127.0.0.1')
  t.match(await names.hostName('127.0.0.1'), /^localhost/)
})
