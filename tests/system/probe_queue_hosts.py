#!/usr/bin/env python3
"""Hosts under test for probe_queue.sh and probe_pair.sh, one an address, each of one kind, until killed.

	probe_queue_hosts.py PORT COLLECTOR_HOST:PORT LOG ADDRESS=KIND...

KIND is closed, open, percent (open to one form), hole (accepts and forgets) or open-to-CLIENT, closed
to all others. LOG gets a JSON object a line: each form that got its final answer ("refused", "message") and each
message that the collector answered with 250 ("delivered"), with the time. A form is MAIL FROM and RCPT TO with
T for each token.
"""
import asyncio
import json
import re
import sys
import time

DELAY = 0.01
TOKEN = re.compile(r'[a-z0-9]{20,}', re.I)


class Host:
	def __init__(self, address, kind, collector, log):
		self.address, self.kind, self.collector, self.log = address, kind, collector, log
		self.tasks = set()

	def tell(self, what, form):
		self.log.write(json.dumps(dict(t=time.time(), host=self.address, what=what,
			form=form)) + '\n')

	def takes(self, rcpt, client):
		if self.kind.startswith('open-to-'):
			return self.kind == 'open-to-' + client
		if self.kind == 'percent':
			return '%' in rcpt and '"' not in rcpt and rcpt.endswith('@[%s]>' % self.address)
		return self.kind in ('open', 'hole')

	def relays(self, mail, rcpt, message):
		if self.kind == 'hole':
			return
		local = rcpt.strip('<>')
		if self.kind == 'percent':
			local = local.rpartition('@')[0].replace('%', '@')
		task = asyncio.ensure_future(self.deliver(mail, '<%s>' % local, message))
		self.tasks.add(task)
		task.add_done_callback(self.tasks.discard)

	async def deliver(self, mail, rcpt, message):
		while True: # the collector is dead now and then
			try:
				reply = await self.deliver_once(mail, rcpt, message)
				if reply == b'2':
					self.tell('delivered', rcpt)
				if reply in b'25':
					return
			except (OSError, EOFError, asyncio.TimeoutError):
				pass
			await asyncio.sleep(0.1)

	async def deliver_once(self, mail, rcpt, message):
		"""How the last reply begins."""
		r, w = await asyncio.open_connection(*self.collector, local_addr=(self.address, 0))
		try:
			for line in (None, 'EHLO host.example', 'MAIL FROM:' + mail, 'RCPT TO:' + rcpt, 'DATA'):
				if line is not None:
					w.write(line.encode() + b'\r\n')
				reply = b'   -'
				while reply[3:4] == b'-':
					reply = await asyncio.wait_for(r.readline(), 5)
					if not reply:
						raise EOFError
				if reply[:1] not in b'23':
					return reply[:1]
			w.write(message + b'.\r\n')
			reply = await asyncio.wait_for(r.readline(), 5)
			if not reply:
				raise EOFError
			return reply[:1]
		finally:
			w.close()

	async def session(self, r, w):
		mail, rcpts, client = None, [], w.get_extra_info('peername')[0]

		async def say(text):
			await asyncio.sleep(DELAY)
			w.write(text.encode() + b'\r\n')
			await w.drain()

		await say('220 host.example ESMTP')
		while True:
			line = (await r.readline()).decode('latin-1').rstrip('\r\n')
			upper = line.upper()
			if not line:
				return
			if upper.startswith('EHLO'):
				await say('250-host.example\r\n250 PIPELINING')
			elif upper.startswith('MAIL FROM:'):
				mail, rcpts = line[10:], []
				await say('250 2.1.0 Ok')
			elif upper.startswith('RCPT TO:'):
				rcpt = line[8:]
				if self.takes(rcpt.strip(), client):
					rcpts.append(rcpt)
					await say('250 2.1.5 Ok')
				else:
					self.tell('refused', TOKEN.sub('T', mail + ' ' + rcpt))
					await say('554 5.7.1 Relay access denied')
			elif upper == 'DATA':
				await say('354 go ahead')
				message = b''
				while (part := await r.readline()) != b'.\r\n':
					if not part:
						return
					message += part
				for rcpt in rcpts:
					self.tell('message', TOKEN.sub('T', mail + ' ' + rcpt))
					self.relays(mail, rcpt.strip(), message)
				mail, rcpts = None, []
				await say('250 2.0.0 Ok: queued')
			elif upper == 'QUIT':
				await say('221 2.0.0 Bye')
				return
			else:
				await say('250 2.0.0 Ok')

	async def serve(self, r, w):
		try:
			await self.session(r, w)
		except (OSError, ValueError):
			pass
		finally:
			w.close()


async def main():
	port, collector, log = sys.argv[1:4]
	host, _, collector_port = collector.rpartition(':')
	out = open(log, 'a', buffering=1)
	servers = []
	for argument in sys.argv[4:]:
		address, _, kind = argument.partition('=')
		h = Host(address, kind, (host, int(collector_port)), out)
		servers.append(await asyncio.start_server(h.serve, address, int(port)))
	print('ready', flush=True)
	await asyncio.gather(*(s.serve_forever() for s in servers))

asyncio.run(main())
