"""What all scripted SMTP servers have: the protocol, and delivery to the collector."""
import asyncio
import re

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

	async def starttls(self, s):
		await s.refuse('502 5.5.1 not implemented')

	async def read_line(self, s):
		return await s.reader.readline()

	async def write(self, s, data):
		s.writer.write(data)
		await s.writer.drain()

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
		for _ in range(5): # no 2xx and no 5xx: again later
			try:
				if await self.send_once(source, sender, rcpt, message):
					return
			except (OSError, EOFError, IndexError):
				pass
			await asyncio.sleep(0.5)

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
			reply = await say(line)
			if not reply.startswith(b'2'):
				w.close()
				return reply.startswith(b'5')
		reply = await say(b'DATA')
		if reply.startswith(b'354'):
			reply = await say(b'Received: from test\r\n' + message + b'.')
		if reply:
			await say(b'QUIT')
		w.close()
		return reply[:1] in (b'2', b'5')


class Session:
	def __init__(self, server, reader, writer):
		self.server, self.reader, self.writer = server, reader, writer
		self.sender, self.rcpts, self.message, self.refused = None, [], b'', 0
		self.encrypted = False

	async def reply(self, *lines):
		if self.server.delay:
			await asyncio.sleep(self.server.delay)
		await self.server.write(self, ''.join(line + '\r\n' for line in lines).encode())

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
		elif upper == 'STARTTLS':
			await server.starttls(self)
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
			line = await self.server.read_line(self)
			if not line:
				return
			await self.take(line.decode('latin-1').rstrip('\r\n'))


class Closed(Server):
	pass


class Open(Server):
	def may_relay(self, s, rcpt):
		return True
