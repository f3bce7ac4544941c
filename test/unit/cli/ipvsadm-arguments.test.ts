import t from 'tap'
import { fakeDirector } from '../../lib/fake-director.js'
import { runIpvsadm } from '../../lib/run-ipvsadm.js'
import { argumentCases } from './argument-cases.js'

t.test("refuses what ipvsadm refuses, in ipvsadm's words, before anything is asked of the director", async (t) => {
  const director = await fakeDirector()
  t.teardown(() => director.close())
  for (const [commandLine, status, message] of argumentCases) {
    const outcome = await runIpvsadm(commandLine.split(' '), director)
    t.same(outcome, { status, stdout: '', stderr: `${message}\n` }, commandLine)
  }
  t.same(director.requests, [])
})

t.test('refuses empty words', async (t) => {
  const director = await fakeDirector()
  t.teardown(() => director.close())
  t.equal((await runIpvsadm([''], director)).status, 255)
  t.match(await runIpvsadm(['-L', ''], director), { status: 2, stderr: 'unexpected argument \n' })
  t.match(await runIpvsadm(['-A', '-t', ''], director), { status: 2, stderr: /illegal virtual server/ })
  t.match(await runIpvsadm(['-A', '-t', ':80'], director), { status: 2, stderr: /illegal virtual server/ })
})

const notYet = (subject: string) => `${subject}: not supported by this version of xlvs\n`

t.test('refuses what is not built, naming it, and changes nothing', async (t) => {
  const director = await fakeDirector()
  t.teardown(() => director.close())
  const add = '-a -t 192.0.2.10:80 -r 10.0.0.11'
  const cases: [commandLine: string, subject: string][] = [
    ['-A -t 192.0.2.10:80 -p', '-p (--persistent)'],
    ['-A -t 192.0.2.10:80 -p -s rr', '-p (--persistent)'],
    ['-A -t 192.0.2.10:80 -p 2678400 -s rr', '-p (--persistent)'],
    ['-A -t 192.0.2.10:0 -p 600 -M 255.255.255.0', '-p (--persistent)'],
    ['-A -t 192.0.2.10:80 -M 255.255.255.0', '-M (--netmask)'],
    ['-A -f 1 -s rr', '-f (--fwmark-service)'],
    ['-A -f 1 -6', '-f (--fwmark-service)'],
    ['-D -f 1', '-f (--fwmark-service)'],
    ['-L -f 1', '-f (--fwmark-service)'],
    ['-A --sctp-service 192.0.2.10:80', '--sctp-service'],
    ['-A -u 192.0.2.10:53 -o', '-o (--ops)'],
    ['-A -u 192.0.2.10:5060 --pe sip', '--pe'],
    ['-A -t 192.0.2.10:80 -s sh -b sh-port', '-b (--sched-flags)'],
    ['-A -t [2001:db8::10]:80', 'IPv6 address 2001:db8::10 of -t (--tcp-service)'],
    [`${add} -m`, '-m (--masquerading)'],
    [`${add}:8080 -m -w 3`, '-m (--masquerading)'],
    [`${add} -x 5 -y 3`, '-x (--u-threshold) 5'],
    [`${add} -y 3`, '-y (--l-threshold) 3'],
    [`${add} -i --tun-type gre --tun-csum`, '--tun-type gre'],
    [`${add} -i --tun-type gue --tun-port 6080`, '--tun-type gue'],
    ['-a -t 192.0.2.10:80 -i -r [2001:db8::1]:80', 'IPv6 address 2001:db8::1 of -r (--real-server)'],
    ['--start-daemon master --syncid 5', '--start-daemon'],
    ['--stop-daemon backup', '--stop-daemon'],
  ]
  for (const [commandLine, subject] of cases) {
    const outcome = await runIpvsadm(commandLine.split(' '), director)
    t.same(outcome, { status: 255, stdout: '', stderr: notYet(subject) }, commandLine)
  }
  t.same(director.requests, [])
})
