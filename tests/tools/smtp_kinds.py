"""Kinds of scripted SMTP servers: how relays are open, and how servers are unhelpful."""
import asyncio
import re

from smtp_server import HOST_NAME, Closed, Hangup, Open, Server, bare, resolve


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
	"""RFC 5321 section 3.1: 554, and then nothing but QUIT."""
	banner = '554 no SMTP service for you'

	async def ehlo(self, s, argument):
		await s.refuse('503 5.5.1 no')

	async def helo(self, s, argument):
		await s.refuse('503 5.5.1 no')

	async def mail(self, s, argument):
		s.sender = None
		await s.refuse('503 5.5.1 no')

	async def rcpt(self, s, argument):
		await s.refuse('503 5.5.1 no')


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
	async def greet(self, s):
		await s.reply('421 4.3.2 too busy')
		raise Hangup


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
