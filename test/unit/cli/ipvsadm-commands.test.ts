import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { Command } from '../../../src/api/protocol.js'
import type { ErrorCode } from '../../../src/core/errors.js'
import { fakeDirector } from '../../lib/fake-director.js'
import { runIpvsadm } from '../../lib/run-ipvsadm.js'

const key = { protocol: 'tcp', vip: '192.0.2.10', vport: 80 } as const
const server = { rip: '10.0.0.11', rport: 80, forwarding: 'route', weight: 1 } as const
const addServer = (changes: object): Command => ({ type: 'add-server', key, server: { ...server, ...changes } })
const wlc = (changes: object): Command => ({ type: 'add-service', service: { ...key, scheduler: 'wlc', ...changes } })

t.test('sends what the command line says', async (t) => {
  const cases: [commandLine: string, command: Command][] = [
    ['-A -t 192.0.2.10:80', wlc({})],
    ['-At 192.0.2.10:80', wlc({})],
    ['--add-service --tcp-service=192.0.2.10:80 --scheduler=rr', wlc({ scheduler: 'rr' })],
    ['-A -u 192.0.2.10:53 -s lc', wlc({ protocol: 'udp', vport: 53, scheduler: 'lc' })],
    ['-A -t 192.0.2.10:80 -s=rr', wlc({ scheduler: 'rr' })],
    ['-A -t 192.0.2.10:80 -s a-name-of-more-than-16', wlc({ scheduler: 'a-name-of-more-' })],
    ['-A -t web:http', wlc({})],
    ['-A -u web:domain', wlc({ protocol: 'udp', vport: 53 })],
    ['-A -t 192.0.2.10:+80', wlc({})],
    ['-A -t 0xc000020a:80', wlc({})],
    ['-A -t 192.522:80', wlc({})],
    ['-A -t 0300.0.02.012:80', wlc({})],
    ['-A -t 192.0.2.10:80 --sort', wlc({})],
    ['-E -t 192.0.2.10:80', { type: 'edit-service', service: { ...key, scheduler: 'wlc' } }],
    ['-D -t 192.0.2.10:80', { type: 'delete-service', key }],
    ['-a -t 192.0.2.10:80 -r 10.0.0.11', addServer({})],
    ['-a -t 192.0.2.10:80 -r rs1.example:http', addServer({})],
    // The port is the service's, whatever is asked for.
    ['-a -t 192.0.2.10:80 -r 10.0.0.11:8080 -g', addServer({})],
    ['-a -t 192.0.2.10:80 -r 10.0.0.11:8080 -i -w 3', addServer({ forwarding: 'tunnel', weight: 3 })],
    ['-a -r 10.0.0.11 -t 192.0.2.10:80', addServer({})],
    ['-a -t 192.0.2.10:80 -r 10.0.0.11 -w0 -x 0 -y 0', addServer({ weight: 0 })],
    ['-a -t 192.0.2.10:80 -r 10.0.0.11 -w=2147483647', addServer({ weight: 2147483647 })],
    ['-a -t 192.0.2.10:80 -r 10.0.0.11 -i --tun-type ipip', addServer({ forwarding: 'tunnel' })],
    ['-e -t 192.0.2.10:80 -r 10.0.0.11 -w 5', { type: 'edit-server', key, server: { ...server, weight: 5 } }],
    ['-d -t 192.0.2.10:80 -r 10.0.0.11', { type: 'delete-server', key, server: { rip: '10.0.0.11', rport: 80 } }],
    ['-d -t 192.0.2.10:80 -r 10.0.0.11:81', { type: 'delete-server', key, server: { rip: '10.0.0.11', rport: 81 } }],
    ['-C', { type: 'flush' }],
    ['-Z', { type: 'zero' }],
    ['-Z -t 192.0.2.10:80', { type: 'zero', key }],
    ['--set 600 0 60', { type: 'set-timeouts', timeouts: { tcpS: 600, tcpFinS: 0, udpS: 60 } }],
  ]
  for (const [commandLine, command] of cases) {
    const director = await fakeDirector()
    const outcome = await runIpvsadm(commandLine.split(' '), director)
    await director.close()
    t.same(outcome, { status: 0, stdout: '', stderr: '' }, commandLine)
    t.same(director.commands, [command], commandLine)
  }
})

t.test('nothing can have port 0', async (t) => {
  const director = await fakeDirector()
  t.teardown(() => director.close())
  const cases: [commandLine: string, status: number, message: string][] = [
    ['-D -t 192.0.2.10', 255, 'No such service'],
    ['-Z -t 192.0.2.10', 255, 'No such service'],
    ['-L -t 192.0.2.10', 1, 'No such service'],
    ['-a -t 192.0.2.10 -r 10.0.0.11', 255, 'Service not defined'],
    ['-d -t 192.0.2.10 -r 10.0.0.11', 255, 'Service not defined'],
    // -r takes its port from a -t before it.
    ['-d -r 10.0.0.11 -t 192.0.2.10:80', 255, 'No such destination'],
  ]
  for (const [commandLine, status, message] of cases) {
    const outcome = await runIpvsadm(commandLine.split(' '), director)
    t.same(outcome, { status, stdout: '', stderr: `${message}\n` }, commandLine)
  }
})

t.test("says in ipvsadm's words why the director refuses", async (t) => {
  const director = await fakeDirector()
  t.teardown(() => director.close())
  const invalid = 'Invalid operation.  Possibly wrong module version, address not unicast, ...'
  const cases: [commandLine: string, code: ErrorCode, message: string][] = [
    ['-A -t 192.0.2.10:80', 'SERVICE_EXISTS', 'Service already exists'],
    ['-A -t 192.0.2.10:80 -s x', 'NO_SUCH_SCHEDULER', 'Scheduler or persistence engine not found'],
    ['-E -t 192.0.2.10:80', 'NO_SUCH_SERVICE', 'No such service'],
    ['-D -t 192.0.2.10:80', 'NO_SUCH_SERVICE', 'No such service'],
    ['-Z -t 192.0.2.10:80', 'NO_SUCH_SERVICE', 'No such service'],
    ['-a -t 192.0.2.10:80 -r 10.0.0.11', 'NO_SUCH_SERVICE', 'Service not defined'],
    ['-a -t 192.0.2.10:80 -r 10.0.0.11', 'SERVER_EXISTS', 'Destination already exists'],
    ['-e -t 192.0.2.10:80 -r 10.0.0.11', 'NO_SUCH_SERVICE', 'Service not defined'],
    ['-e -t 192.0.2.10:80 -r 10.0.0.11', 'NO_SUCH_SERVER', 'No such destination'],
    ['-d -t 192.0.2.10:80 -r 10.0.0.11', 'NO_SUCH_SERVER', 'No such destination'],
    ['-a -t 192.0.2.10:80 -r 224.0.0.1', 'INVALID', invalid],
    ['-a -t 192.0.2.10:80 -r 10.0.0.11', 'NO_SPACE', 'Memory allocation problem'],
    ['-C', 'PERMISSION', 'Permission denied (you must be root)'],
    ['-C', 'UNSUPPORTED', 'the sentence of the director'],
    ['-C', 'INTERNAL', 'the sentence of the director'],
  ]
  for (const [commandLine, code, message] of cases) {
    director.judge = () => ({ code, message: 'the sentence of the director' })
    const outcome = await runIpvsadm(commandLine.split(' '), director)
    t.same(outcome, { status: 255, stdout: '', stderr: `${message}\n` }, `${commandLine} ${code}`)
  }
})

t.test('says what to do when no director runs', async (t) => {
  const runtimeDir = join(tmpdir(), 'xlvs-no-director-here')
  for (const argv of [[], ['-Ln'], ['-S'], ['-C'], ['-Lc'], ['-L', '--timeout']]) {
    const outcome = await runIpvsadm(argv, { runtimeDir })
    t.equal(outcome.status, 2, argv.join(' '))
    t.equal(outcome.stdout, '')
    t.equal(
      outcome.stderr,
      `Can't initialize ipvs: no director answers at ${runtimeDir}/xlvs.sock\n` +
        "Is a director running? `xlvs run --interface IF' starts one.\n",
    )
  }
})

t.test('-h and -v need no director', async (t) => {
  const runtimeDir = join(tmpdir(), 'xlvs-no-director-here')
  const version = 'ipvsadm v1.31 2019/12/24 (compiled with popt and IPVS v1.2.1)\n'
  t.same(await runIpvsadm(['-v'], { runtimeDir }), { status: 0, stdout: version, stderr: '' })
  const { status, stdout } = await runIpvsadm(['--help', '--bogus'], { runtimeDir })
  t.equal(status, 0)
  t.ok(stdout.startsWith(version))
  t.match(stdout, /-A \(--add-service\)/)
})
