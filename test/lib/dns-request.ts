/** Asks a DNS server for an A record and prints what it says, a line each. argv: ADDRESS:PORT, the name, how many times. */
import { Resolver } from 'node:dns/promises'
import { argv } from 'node:process'

const [, , server = '', name = '', count = '1'] = argv
for (let i = 0; i < Number(count); i++) {
  // A resolver has one socket.
  const resolver = new Resolver({ timeout: 2000, tries: 2 })
  resolver.setServers([server])
  console.log((await resolver.resolve4(name)).join(' '))
}
