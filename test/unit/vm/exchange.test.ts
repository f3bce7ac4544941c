/** What of two answers to a netlink request counts as a difference. */
import t from 'tap'
import { attribute, split } from '../../lib/netlink-message.js'
import { differenceIn } from '../../vm/netlink/exchange.js'
import { dumpFlags, ipvs, service } from '../../vm/netlink/requests.js'

const request = ipvs('GET_SERVICE', dumpFlags)
const [one, other] = ['rr', 'wlc'].map(
  (name) => split(ipvs('NEW_SERVICE', 2, service({ sched: attribute(6, name) }))).messages,
)

t.test('answers to a dump of services', async (t) => {
  const [a = [], b = []] = [one, other]
  const difference = (kernel: typeof a, director: typeof a) => differenceIn({ request, kernel, director })
  t.equal(difference([...a, ...b], [...b, ...a]), undefined, 'have no order')
  t.equal(difference([...a, ...b, ...a], [...a, ...b]), undefined, 'are repeated by the kernel')
  t.match(difference([...a, ...b], [...a, ...b, ...a]), /\n {2}\+ /, 'and by nobody else')
  t.match(difference([...a, ...b], a), /\n {2}- /, 'one is missing')
})
