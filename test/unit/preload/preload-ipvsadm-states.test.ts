/** Our ipvsadm and the distribution's ipvsadm print the same bytes in every state. */
import t from 'tap'
import { dns, sendBurst, web } from '../director/fixture.js'
import { sameOutput, TwoDirectors } from './two-directors.js'

/** All that can be looked at. */
const questions = [
  '-Ln',
  '-L -n --nosort',
  '-Ln --stats',
  '-Ln --stats --exact',
  '-Ln --rate',
  '-Ln --rate --exact',
  '-Ln --thresholds',
  '-Ln --persistent-conn',
  '-Ln --tun-info',
  '-Lnc',
  '-Lc -n --persistent-conn',
  '-L --timeout',
  '-Sn',
  '-Ln -t 192.0.2.10:80',
  '-Ln -t 192.0.2.10:80 --stats',
  '-Ln -u 192.0.2.10:53 --rate',
  '-Ln -t 192.0.2.99:80',
]

/** Steps of a case; the words of ipvsadm, or something that happens to both directors. */
type Step = string | ((directors: TwoDirectors) => Promise<void>)

const addWeb = '-A -t 192.0.2.10:80 -s wlc'
const addDns = '-A -u 192.0.2.10:53 -s rr'

const traffic: Step = async ({ both }) => {
  for (const director of both) {
    sendBurst(director, web)
    sendBurst(director, dns)
    await director.clock.advance(2000)
  }
}

const cases: Readonly<Record<string, readonly Step[]>> = {
  nothing: ['-C', '-Z', '-D -t 192.0.2.10:80', '-Z -t 192.0.2.10:80'],
  services: [
    addWeb,
    addWeb,
    addDns,
    '-A -t 192.0.2.10:443 -s wrr',
    '-A -t 192.0.2.9:80 -s lc',
    '-A -t 192.0.2.10:81 -s nosuch',
    '-E -t 192.0.2.10:80 -s rr',
    '-E -t 192.0.2.10:80 -s nosuch',
    '-E -t 192.0.2.99:80',
    '-D -t 192.0.2.9:80',
    '-D -t 192.0.2.9:80',
  ],
  'real servers': [
    addWeb,
    addDns,
    '-a -t 192.0.2.10:80 -r 10.0.0.11 -g -w 3',
    '-a -t 192.0.2.10:80 -r 10.0.0.11 -g',
    '-a -t 192.0.2.10:80 -r 10.0.0.13 -i -w 0',
    '-a -t 192.0.2.10:80 -r 10.0.0.12:8080 -g -w 2147483647',
    '-a -u 192.0.2.10:53 -r 10.0.0.11',
    '-a -t 192.0.2.99:80 -r 10.0.0.11',
    '-a -t 192.0.2.10:80 -r 224.0.0.1',
    '-e -t 192.0.2.10:80 -r 10.0.0.11 -g -w 7',
    '-e -t 192.0.2.10:80 -r 10.0.0.99',
    '-e -t 192.0.2.99:80 -r 10.0.0.11',
    '-d -t 192.0.2.10:80 -r 10.0.0.99',
    '-d -t 192.0.2.99:80 -r 10.0.0.11',
    '-d -t 192.0.2.10:80 -r 10.0.0.13',
  ],
  traffic: [
    addWeb,
    addDns,
    '-a -t 192.0.2.10:80 -r 10.0.0.11 -g -w 3',
    '-a -t 192.0.2.10:80 -r 10.0.0.12 -i',
    '-a -u 192.0.2.10:53 -r 10.0.0.11',
    traffic,
    '-Z -t 192.0.2.10:80',
    traffic,
    '-d -t 192.0.2.10:80 -r 10.0.0.11',
    '-Z',
    '-C',
  ],
  timeouts: ['--set 100 20 30', '--set 0 0 31', '--set 2678400 1 1'],
}

for (const [name, steps] of Object.entries(cases)) {
  t.test(name, async (t) => {
    const directors = await TwoDirectors.started(t)
    for (const step of steps) {
      if (typeof step === 'string') await sameOutput(t, directors, step)
      else await step(directors)
    }
    for (const question of questions) await sameOutput(t, directors, question)
  })
}
