import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import t from 'tap'
import { fakeDirector } from '../../lib/fake-director.js'
import { runIpvsadm } from '../../lib/run-ipvsadm.js'

t.test('carries out lines in order, one wrong one among them', async (t) => {
  const cases: { name: string; stdin: string; status: number; stderr: string; applied: string[]; stdout?: string }[] = [
    { name: 'nothing', stdin: '', status: 0, stderr: '', applied: [] },
    {
      name: 'with and without the name of the program, blanks and empty lines',
      stdin: '-A -t 192.0.2.1:80\n\n \t\r\nipvsadm -A -t 192.0.2.2:80 \r\n  -A   -t\t192.0.2.3:80',
      status: 0,
      stderr: '',
      applied: ['192.0.2.1', '192.0.2.2', '192.0.2.3'],
    },
    {
      name: 'a refusal is printed and the rest is done',
      stdin: '-A -t 192.0.2.1:80\n-A -t 192.0.2.66:80\n-A -t 192.0.2.2:80\n',
      status: 0,
      stderr: 'line 2: Service already exists\n',
      applied: ['192.0.2.1', '192.0.2.66', '192.0.2.2'],
    },
    {
      name: 'the status is that of the last line',
      stdin: '-A -t 192.0.2.1:80\n-A -t 192.0.2.66:80\n',
      status: 255,
      stderr: 'line 2: Service already exists\n',
      applied: ['192.0.2.1', '192.0.2.66'],
    },
    {
      name: 'what is not built counts as a refusal',
      stdin: '-A -t 192.0.2.66:80\n-A -t 192.0.2.1:80 -p\n-A -t 192.0.2.66:80\n-A -t 192.0.2.2:80\n',
      status: 0,
      stderr:
        'line 1: Service already exists\nline 2: -p (--persistent): not supported by this version of xlvs\nline 3: Service already exists\n',
      applied: ['192.0.2.66', '192.0.2.66', '192.0.2.2'],
    },
    {
      name: 'so does an unknown option',
      stdin: '-A -t 192.0.2.1:80 --bogus\n-A -t 192.0.2.2:80\n',
      status: 0,
      stderr: 'line 1: --bogus: unknown option\n',
      applied: ['192.0.2.2'],
    },
    {
      name: 'a wrong argument ends it, after the lines before it',
      stdin: '-A -t 192.0.2.66:80\n-A -t 192.0.2.1:80\n-A -t 192.0.2.2\n-A -t 192.0.2.3:80\n',
      status: 2,
      stderr: 'line 1: Service already exists\nline 3: Zero port specified for non-persistent service\n',
      applied: ['192.0.2.66', '192.0.2.1'],
    },
    {
      name: 'a comment is no command',
      stdin: '-A -t 192.0.2.1:80\n# comment\n-A -t 192.0.2.2:80\n',
      status: 255,
      stderr: "line 2: Try `ipvsadm -h' or 'ipvsadm --help' for more information.\n",
      applied: ['192.0.2.1'],
    },
    {
      name: 'no restore inside a restore',
      stdin: '-A -t 192.0.2.1:80\n-R\n',
      status: 255,
      stderr: "line 2: Try `ipvsadm -h' or 'ipvsadm --help' for more information.\n",
      applied: ['192.0.2.1'],
    },
    {
      name: 'lists in between',
      stdin: '-A -t 192.0.2.1:80\n-L --timeout\n-A -t 192.0.2.2:80\n',
      status: 0,
      stderr: '',
      stdout: 'Timeout (tcp tcpfin udp): 900 120 300\n',
      applied: ['192.0.2.1', '192.0.2.2'],
    },
    {
      name: 'a list that fails ends it',
      stdin: '-A -t 192.0.2.1:80\n-L -t 192.0.2.9:80\n-A -t 192.0.2.2:80\n',
      status: 1,
      stderr: 'line 2: No such service\n',
      applied: ['192.0.2.1'],
    },
    {
      name: '-v ends it',
      stdin: '-v\n-A -t 192.0.2.2:80\n',
      status: 0,
      stderr: '',
      stdout: 'ipvsadm v1.31 2019/12/24 (compiled with popt and IPVS v1.2.1)\n',
      applied: [],
    },
  ]
  for (const { name, stdin, status, stderr, applied, stdout = '' } of cases) {
    const director = await fakeDirector()
    director.judge = (command) =>
      command.type === 'add-service' && command.service.vip === '192.0.2.66'
        ? { code: 'SERVICE_EXISTS', message: 'refused' }
        : null
    const outcome = await runIpvsadm(['-R'], { ...director, stdin: [stdin] })
    await director.close()
    t.same(outcome, { status, stdout, stderr }, name)
    const vips = director.commands.map((command) => command.type === 'add-service' && command.service.vip)
    t.same(vips, applied, name)
  }
})

t.test('a line is carried out when it arrives', async (t) => {
  const director = await fakeDirector()
  t.teardown(() => director.close())
  const stdin = new PassThrough()
  const came = new Promise<void>((resolve) => {
    director.judge = () => {
      resolve()
      return null
    }
  })
  const outcome = runIpvsadm(['-R'], { ...director, stdin })
  stdin.write('-C\n-A -t 192.0.2.')
  await came
  t.same(director.commands, [{ type: 'flush' }])
  stdin.end('1:80\n')
  t.equal((await outcome).status, 0)
  t.equal(director.commands.length, 2)
})

t.test('many lines take few requests', async (t) => {
  const director = await fakeDirector()
  t.teardown(() => director.close())
  const rules = Array.from({ length: 10_000 }, (_, i) => `-A -t 10.${i >> 16}.${(i >> 8) & 255}.${i & 255}:80 -s rr\n`)
  const outcome = await runIpvsadm(['-R'], { ...director, stdin: [rules.join('')] })
  t.same(outcome, { status: 0, stdout: '', stderr: '' })
  t.equal(director.commands.length, 10_000)
  t.equal(director.requests.length, 10)
})

t.test('says once that no director runs', async (t) => {
  const runtimeDir = join(tmpdir(), 'xlvs-no-director-here')
  const outcome = await runIpvsadm(['-R'], { runtimeDir, stdin: ['-C\n', '-A -t 192.0.2.1:80\n'] })
  t.equal(outcome.status, 2)
  t.equal(outcome.stderr.match(/Can't initialize ipvs/g)?.length, 1)
})
