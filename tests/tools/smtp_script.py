#!/usr/bin/env python3
"""Scripted SMTP servers, to be tested by `orbl probe`.

	smtp_script.py COLLECTOR_HOST:PORT COLLECTOR_DOMAIN REPORT KIND=HOST:PORT...

One server a KIND, all in one process, until standard input ends. What a server relays goes to
the collector over a new connection from its own address. REPORT gets one line a server with
what it counted, so that a test can look at our manners: connections, the most at once, messages
taken, refusals in the worst connection, QUITs, different senders, different pairs of sender and
recipient. "ready" is printed when all listen.
"""
import asyncio
import os
import re
import sys

HOST_NAME = 'mx.example.net'


class Hangup(Exception):
	"""The server ends the connection."""


def bare(path):
	"""<path> without brackets."""
	return path.strip().split('>')[0].lstrip('<')


def resolve(path, names):
	"""The final recipient of a percent, bang, quoted or routed path, as old MTAs saw it."""
	p = bare(path)
	if p.startswith('@'):
		p = p.split(':', 1)[1]
	for _ in range(6):
		if p.startswith('"') and p.endswith('"'):
			p = p[1:-1]
		local, at, domain = p.rpartition('@')
		if at and domain.lower() not in names:
			return p
		if not at:
			local = p
		if local.startswith('"') and local.endswith('"'):
			p = local
			continue
		if '!' in local:
			domain, _, user = local.partition('!')
			p = user + '@' + domain
			continue
		elif '%' in local:
			user, _, domain = local.rpartition('%')
			p = user + '@' + domain
			continue
		elif local.upper().startswith('IMCEASMTP-'):
			p = re.sub(r'\+([0-9A-F]{2})', lambda m: chr(int(m[1], 16)), local[10:])
			continue
		return None
	return None


class Server:
	"""Closed. The kinds below change one thing each."""
	banner = '220 ' + HOST_NAME + ' ESMTP'
	delay = 0

	def __init__(self, address, collector, domain):
		self.host, self.port = address
		self.collector, self.domain = collector, domain
		self.names = {HOST_NAME, 'example.net', '[' + self.host + ']'}
		self.count = dict(connections=0, now=0, most=0, messages=0, refused=0, quits=0)
		self.first_seen, self.tasks = {}, []
		self.senders, self.triplets = set(), set()

	# --- what a kind may change ---
	async def greet(self, s):
		await s.reply(self.banner)

	async def ehlo(self, s, argument):
		await s.reply('250-' + HOST_NAME, '250-PIPELINING', '250 8BITMIME')

	async def helo(self, s, argument):
		await s.reply('250 ' + HOST_NAME)

	async def mail(self, s, argument):
		await s.reply('250 2.1.0 Ok')

	def may_relay(self, s, rcpt):
		return False

	async def rcpt(self, s, argument):
		if self.may_relay(s, argument):
			s.rcpts.append(argument)
			await s.reply('250 2.1.5 Ok')
		else:
			await s.refuse('554 5.7.1 <%s>: Relay access denied' % bare(argument))

	async def data(self, s):
		await s.reply('354 go ahead')
		await s.read_message()
		await s.reply('250 2.0.0 Ok: queued')
		self.count['messages'] += 1
		for rcpt in s.rcpts:
			# Kept: a task that nobody holds may be collected before it is done.
			self.tasks.append(asyncio.ensure_future(
				self.deliver(s.sender, rcpt, s.message)))

	async def deliver(self, sender, rcpt, message):
		final = resolve(rcpt, self.names)
		if final is not None and final.lower().endswith('@' + self.domain):
			await self.send(self.host, sender, '<%s>' % final, message)

	# --- delivery ---
	async def send(self, source, sender, rcpt, message):
		try:
			await self.send_once(source, sender, rcpt, message)
		except (OSError, EOFError, IndexError):
			pass

	async def send_once(self, source, sender, rcpt, message):
		r, w = await asyncio.open_connection(*self.collector, local_addr=(source, 0))

		async def say(line):
			if line is not None:
				w.write(line + b'\r\n')
			while True:
				reply = await r.readline()
				if not reply or reply[3:4] != b'-':
					return reply
		for line in (None, b'EHLO ' + HOST_NAME.encode(), b'MAIL FROM:' + sender.encode(),
			b'RCPT TO:' + rcpt.encode()):
			if not (await say(line)).startswith(b'2'):
				w.close()
				return
		if (await say(b'DATA')).startswith(b'354'):
			await say(b'Received: from test\r\n' + message + b'.')
		await say(b'QUIT')
		w.close()


class Session:
	def __init__(self, server, reader, writer):
		self.server, self.reader, self.writer = server, reader, writer
		self.sender, self.rcpts, self.message, self.refused = None, [], b'', 0

	async def reply(self, *lines):
		if self.server.delay:
			await asyncio.sleep(self.server.delay)
		self.writer.write(''.join(line + '\r\n' for line in lines).encode())
		await self.writer.drain()

	async def refuse(self, line):
		self.refused += 1
		self.server.count['refused'] = max(self.server.count['refused'], self.refused)
		await self.reply(line)

	async def read_message(self):
		self.message = b''
		while True:
			line = await self.reader.readline()
			if not line:
				raise Hangup
			if line == b'.\r\n':
				return
			self.message += line

	async def take(self, line):
		server, upper = self.server, line.upper()
		if upper.startswith('EHLO '):
			await server.ehlo(self, line[5:])
		elif upper.startswith('HELO '):
			await server.helo(self, line[5:])
		elif upper.startswith('MAIL FROM:'):
			if self.sender is not None:
				await self.refuse('503 5.5.1 nested MAIL')
				return
			self.sender = line[10:].strip()
			server.senders.add(self.sender)
			await server.mail(self, self.sender)
		elif upper.startswith('RCPT TO:'):
			server.triplets.add((self.sender, line))
			await server.rcpt(self, line[8:].strip())
		elif upper == 'DATA':
			if not self.rcpts:
				await self.refuse('503 5.5.1 no valid recipients')
				return
			await server.data(self)
			self.sender, self.rcpts = None, []
		elif upper == 'RSET':
			self.sender, self.rcpts = None, []
			await self.reply('250 2.0.0 Ok')
		elif upper == 'QUIT':
			server.count['quits'] += 1
			await self.reply('221 2.0.0 Bye')
			raise Hangup
		else:
			await self.refuse('500 5.5.2 what?')

	async def run(self):
		await self.server.greet(self)
		while True:
			line = await self.reader.readline()
			if not line:
				return
			await self.take(line.decode('latin-1').rstrip('\r\n'))


class Closed(Server):
	pass


class Open(Server):
	def may_relay(self, s, rcpt):
		return True


class Blackhole(Open):
	async def deliver(self, sender, rcpt, message):
		pass


class Bouncer(Open):
	async def deliver(self, sender, rcpt, message):
		if bare(sender):
			await self.send(self.host, '<>', '<%s>' % bare(sender),
				b'Subject: Undelivered\r\n\r\n' + message)


class BouncerToRcpt(Server):
	"""Answers to the recipient with an empty sender: no relay."""
	def may_relay(self, s, rcpt):
		return True

	async def deliver(self, sender, rcpt, message):
		final = resolve(rcpt, self.names)
		if final is not None and bare(sender):
			await self.send(self.host, '<>', '<%s>' % final, b'Subject: notice\r\n\r\n')


class Multihop(Open):
	async def deliver(self, sender, rcpt, message):
		await self.send('127.0.0.99', sender, rcpt, message)


class Greylist(Open):
	async def rcpt(self, s, argument):
		triplet = (s.sender, argument)
		now = asyncio.get_event_loop().time()
		if now - self.first_seen.setdefault(triplet, now) < 0.8:
			await s.refuse('450 4.2.0 Greylisted')
		else:
			await super().rcpt(s, argument)


class GreylistClosed(Server):
	"""Refuses for now, for ever."""
	async def rcpt(self, s, argument):
		await s.refuse('451 4.3.0 later')


class Defer(Server):
	"""Postfix out of the box: for ever "for now"."""
	async def rcpt(self, s, argument):
		await s.refuse('454 4.7.1 <%s>: Relay access denied' % bare(argument))


class Unwelcome(Open):
	banner = '554 no SMTP service for you'


class UnwelcomeHelo(Open):
	async def ehlo(self, s, argument):
		await s.refuse('550 go away')

	helo = ehlo


class RejectData(Open):
	async def data(self, s):
		await s.refuse('554 5.7.1 rejected at DATA')


class RejectDot(Open):
	async def data(self, s):
		await s.reply('354 go ahead')
		await s.read_message()
		await s.refuse('550 5.7.1 rejected after DATA')


class Slow(Server):
	delay = 0.03


class Tarpit(Server):
	"""A line without end, one byte at a time."""
	async def greet(self, s):
		s.writer.write(b'220-' + HOST_NAME.encode())
		while True:
			s.writer.write(b'.')
			await s.writer.drain()
			await asyncio.sleep(0.1)


class Silent(Server):
	async def greet(self, s):
		await asyncio.sleep(3600)


class Dropper(Server):
	async def mail(self, s, argument):
		raise Hangup


class DropAfterThree(Open):
	"""Open to percent forms at its address literal, and hangs up after three refusals."""
	def may_relay(self, s, rcpt):
		return '%' in rcpt and '[' in rcpt

	async def rcpt(self, s, argument):
		await super().rcpt(s, argument)
		if s.refused == 3:
			raise Hangup


class Limit421(DropAfterThree):
	async def rcpt(self, s, argument):
		if s.refused == 3:
			await s.reply('421 4.7.0 too many errors')
			raise Hangup
		await Open.rcpt(self, s, argument)


class Early421(DropAfterThree):
	"""As Postfix does it: 421 behind the last reply, without being asked."""
	async def rcpt(self, s, argument):
		if s.refused == 2 and not self.may_relay(s, argument):
			await s.reply('554 5.7.1 no', '421 4.7.0 too many errors')
			raise Hangup
		await Open.rcpt(self, s, argument)


class Garbage(Server):
	async def greet(self, s):
		s.writer.write(b'\x00\xff\x80HTTP/1.1 400 Bad Request\r\n\r\n<html>\x1b[2J')
		raise Hangup


class Endless(Server):
	async def greet(self, s):
		while True:
			await s.reply('220-' + 'x' * 70)


class LongLine(Server):
	async def greet(self, s):
		while True:
			s.writer.write(b'220-' + b'x' * 4096)
			await s.writer.drain()


class HeloOnly(Open):
	async def ehlo(self, s, argument):
		await s.refuse('500 5.5.1 unknown command')


class HeloDrop(Open):
	async def ehlo(self, s, argument):
		raise Hangup


class Teaser(Open):
	"""A banner in two parts; who speaks before the second is shown the door."""
	async def greet(self, s):
		await s.reply('220-' + HOST_NAME + ' ESMTP wait')
		try:
			await asyncio.wait_for(s.reader.readexactly(1), 0.4)
		except asyncio.TimeoutError:
			await s.reply('220 ' + HOST_NAME + ' ESMTP')
		else:
			await s.reply('521 5.5.1 Protocol error')
			raise Hangup


class Split(Open):
	"""Each byte in its own segment."""
	async def ehlo(self, s, argument):
		for byte in b'250-mx.example.net\r\n250-X\r\n250 8BITMIME\r\n':
			s.writer.write(bytes([byte]))
			await s.writer.drain()
			await asyncio.sleep(0.002)


class SenderDomain(Server):
	def may_relay(self, s, rcpt):
		return bare(s.sender).lower().endswith('@' + HOST_NAME)


class SenderParent(Server):
	def may_relay(self, s, rcpt):
		return bare(s.sender).lower().endswith('@example.net')


class NullSender(Server):
	def may_relay(self, s, rcpt):
		return bare(s.sender) == ''


class Percent(Server):
	def may_relay(self, s, rcpt):
		return re.search(r'^[^"!:]*%.*@' + HOST_NAME + '$', bare(rcpt)) is not None


class PercentIp(Server):
	banner = '220 *************** ESMTP'

	async def ehlo(self, s, argument):
		await s.reply('250 localhost')

	def may_relay(self, s, rcpt):
		return '%' in rcpt and '"' not in rcpt and bare(rcpt).endswith('@[%s]' % self.host)


class Bang(Server):
	def may_relay(self, s, rcpt):
		return '!' in rcpt and '@' not in rcpt


class Quoted(Server):
	def may_relay(self, s, rcpt):
		return re.search(r'^".*@.*"$', bare(rcpt)) is not None


class Route(Server):
	def may_relay(self, s, rcpt):
		return bare(rcpt).startswith('@' + HOST_NAME + ':')


class Imcea(Server):
	def may_relay(self, s, rcpt):
		return bare(rcpt).startswith('IMCEASMTP-') and '@' + HOST_NAME in rcpt


class Dot(Server):
	"""Only a domain with a dot at its end slips past."""
	def may_relay(self, s, rcpt):
		return bare(rcpt).endswith('.')

	async def deliver(self, sender, rcpt, message):
		await self.send(self.host, sender, '<%s>' % bare(rcpt), message)


class Starttls(Open):
	async def mail(self, s, argument):
		s.sender = None
		await s.refuse('530 5.7.0 Must issue a STARTTLS command first')


class Auth(Open):
	async def mail(self, s, argument):
		s.sender = None
		await s.refuse('530 5.7.0 Authentication required')


class Busy(Open):
	banner = '421 4.3.2 too busy'


class OutOfTurn(Server):
	"""Says two replies to one command: who takes the second one as an answer is out of step."""
	async def mail(self, s, argument):
		await s.reply('250 2.1.0 Ok', '250 2.1.5 Ok', '354 go on', '250 queued')


class Callout(Closed):
	"""Asks the collector about the sender before it refuses."""
	async def mail(self, s, argument):
		await self.ask(bare(argument))
		await s.reply('250 2.1.0 Ok')

	async def ask(self, sender):
		r, w = await asyncio.open_connection(*self.collector, local_addr=(self.host, 0))
		await r.readline()
		rcpt = b'RCPT TO:<%s>' % sender.encode()
		for line in (b'HELO x', b'MAIL FROM:<>', rcpt, b'QUIT'):
			w.write(line + b'\r\n')
			await r.readline()
		w.close()


def kinds():
	found, todo = {}, [Server]
	while todo:
		for kind in todo.pop().__subclasses__():
			found[kind.__name__.lower()] = kind
			todo.append(kind)
	return found


async def serve(server, reader, writer):
	count = server.count
	count['connections'] += 1
	count['now'] += 1
	count['most'] = max(count['most'], count['now'])
	try:
		await Session(server, reader, writer).run()
	except (Hangup, OSError, EOFError, ValueError):
		pass
	finally:
		count['now'] -= 1
		writer.close()


def endpoint(text):
	host, _, port = text.rpartition(':')
	return host, int(port)


async def main(arguments):
	collector, domain, report = endpoint(arguments[0]), arguments[1], arguments[2]
	servers = {}
	for argument in arguments[3:]:
		kind, _, address = argument.partition('=')
		server = kinds()[kind](endpoint(address), collector, domain)
		servers[kind] = server
		await asyncio.start_server(lambda r, w, s=server: serve(s, r, w), server.host,
			server.port, reuse_address=True)
	print('ready', flush=True)
	await asyncio.get_event_loop().run_in_executor(None, sys.stdin.read)
	with open(report, 'w') as out:
		for kind, server in servers.items():
			server.count['senders'] = len(server.senders)
			server.count['triplets'] = len(server.triplets)
			counts = ['%s=%d' % item for item in server.count.items()]
			out.write(' '.join([kind] + counts) + '\n')
	os._exit(0)


if __name__ == '__main__':
	asyncio.run(main(sys.argv[1:]))
