// The network software of Bluesky in one process: a directory of DIDs, an account's server and the network's index.
// Run in the folder where @atproto/dev-env is installed. Prints one line of JSON once everybody answers.
import net from 'node:net'

// What is told no host would listen to everybody; this is for this machine alone.
const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (first, ...rest) {
  if (typeof first === 'object' && first !== null && first.port !== undefined) return listen.call(this, { ...first, host: '127.0.0.1' }, ...rest)
  if (typeof first !== 'number') return listen.call(this, first, ...rest)
  return listen.call(this, first, '127.0.0.1', ...rest.filter((r) => typeof r === 'function'))
}

process.env.LOG_ENABLED = 'false'
const { TestNetwork } = await import('@atproto/dev-env')
const [plc, pds, index, labels] = process.env.PORTS.split(' ').map(Number)
const running = await TestNetwork.create({
  dbPostgresUrl: process.env.POSTGRES,
  dbPostgresSchema: 'network',
  plc: { port: plc },
  pds: { port: pds, hostname: 'localhost', enableDidDocWithSession: true },
  bsky: { port: index, publicUrl: `http://localhost:${index}` },
  ozone: { port: labels },
})
console.log(JSON.stringify({ ready: true, plc: running.plc.url, pds: running.pds.url, index: running.bsky.url }))
