"""Kinds of scripted SMTP servers: STARTTLS, pipelining, and what becomes of the message."""
import asyncio
import os
import ssl
import subprocess
import tempfile

from smtp_server import HOST_NAME, Closed, Hangup, Open, Server, bare, resolve


# --- STARTTLS ---

def self_signed():
	"""A context with a certificate made now, valid for nothing."""
	context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
	with tempfile.TemporaryDirectory() as folder:
		path = os.path.join(folder, 'pem')
		subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
			'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1', '-subj',
			'/CN=' + HOST_NAME, '-keyout', path, '-out', path + '.crt'],
			check=True, capture_output=True)
		context.load_cert_chain(path + '.crt', path)
	return context


class StarttlsOpen(Open):
	"""Takes no mail without STARTTLS; behind it, open."""
	def __init__(self, *arguments):
		super().__init__(*arguments)
		self.context = self_signed()

	async def ehlo(self, s, argument):
		lines = ['250-' + HOST_NAME, '250 8BITMIME']
		if not s.encrypted:
			lines.insert(1, '250-STARTTLS')
		await s.reply(*lines)

	async def mail(self, s, argument):
		if s.encrypted:
			await super().mail(s, argument)
			return
		s.sender = None
		await s.refuse('530 5.7.0 Must issue a STARTTLS command first')

	async def starttls(self, s):
		await s.reply('220 2.0.0 Ready to start TLS')
		# RFC 3207 section 4.2: what was said before is forgotten.
		s.sender, s.rcpts = None, []
		await s.writer.start_tls(self.context)
		s.encrypted = True


class StarttlsClosed(StarttlsOpen):
	def may_relay(self, s, rcpt):
		return False


class StarttlsBroken(StarttlsOpen):
	"""Answers the handshake with something else."""
	async def starttls(self, s):
		await s.reply('220 2.0.0 Ready to start TLS')
		await s.reader.read(1)
		await s.reply('500 5.5.1 what is this?')
		raise Hangup


class StarttlsRefused(StarttlsOpen):
	async def starttls(self, s):
		await s.refuse('454 4.7.0 TLS not available due to local problem')


class StarttlsInjected(StarttlsClosed):
	"""Somebody on the way puts replies behind the 220, in the clear."""
	async def starttls(self, s):
		s.writer.write(b'220 2.0.0 Ready to start TLS\r\n250-fake\r\n250 fake\r\n')
		await s.writer.drain()
		await s.writer.start_tls(self.context)
		s.encrypted = True


# --- pipelining ---

class PipeSplit(Open):
	"""Offers PIPELINING, and sends each byte of its replies in its own segment."""
	async def write(self, s, data):
		for byte in data:
			await asyncio.sleep(0.0005)
			s.writer.write(bytes([byte]))
			await s.writer.drain()


class PipeClosed(PipeSplit):
	def may_relay(self, s, rcpt):
		return False


class PipePercent(PipeSplit):
	"""Only the reply to one of many commands is a yes."""
	def may_relay(self, s, rcpt):
		return bare(rcpt).startswith('"') and '%' in rcpt


class PipeChoke(Closed):
	"""Offers PIPELINING, and loses all but the first of the commands that come at once."""
	async def read_line(self, s):
		data = await s.reader.read(65536)
		return data.split(b'\n')[0] + b'\n' if data else b''


class PipeDrop(Closed):
	"""Offers PIPELINING, and hangs up on those who use it."""
	async def read_line(self, s):
		data = await s.reader.read(65536)
		if data.count(b'\n') > 1:
			raise Hangup
		return data


# --- refused for who we are, not for what we ask ---

class Blocklist(Open):
	async def rcpt(self, s, argument):
		await s.refuse('554 5.7.1 Service unavailable; Client host [%s] blocked using '
			'dnsbl.example.net; listed, see http://dnsbl.example.net/' % self.host)


class BlocklistMail(Open):
	async def mail(self, s, argument):
		s.sender = None
		await s.refuse('550 5.7.1 Mail from %s refused - listed in dnsbl.example.net, '
			'see http://dnsbl.example.net/' % self.host)


# --- accepted: and then? ---

class Ims(Open):
	"""Exchange 5.5 with "Do not reroute": takes all, and sends a report of its own kind."""
	banner = ('220 ' + HOST_NAME + ' ESMTP Server (Microsoft Exchange Internet Mail Service '
		'5.5.2653.13) ready')

	async def ehlo(self, s, argument):
		await s.reply('250-%s Hello [%s]' % (HOST_NAME, argument), '250-XEXCH50', '250-HELP',
			'250-ETRN', '250-DSN', '250-SIZE 0', '250-AUTH LOGIN', '250 AUTH=LOGIN')

	async def deliver(self, sender, rcpt, message):
		await asyncio.sleep(0.3)
		await self.send(self.host, '<>', '<%s>' % bare(sender),
			b'From: System Administrator <postmaster@example.net>\r\n'
			b'Subject: Undeliverable: relay test\r\n'
			b'X-Mailer: Internet Mail Service (5.5.2653.13)\r\n\r\n'
			b'Your message\r\n\r\ndid not reach the following recipient(s):\r\n\r\n'
			+ bare(rcpt).encode() + b' on Mon, 1 Jan 2001 00:00:00 -0000\r\n'
			b'    The recipient name is not recognized\r\n')


def report(action, status, rcpt):
	"""RFC 3464."""
	return (b'From: MAILER-DAEMON@example.net\r\nSubject: about your message\r\n'
		b'Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n'
		b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
		b'--b\r\nContent-Type: text/plain\r\n\r\nSee below.\r\n'
		b'--b\r\nContent-Type: message/delivery-status\r\n\r\n'
		b'Reporting-MTA: dns; mx.example.net\r\n\r\n'
		b'Final-Recipient: rfc822; ' + rcpt.encode() + b'\r\n'
		b'Action: ' + action + b'\r\nStatus: ' + status + b'\r\n\r\n--b--\r\n')


class DsnFailed(Open):
	action, status = b'failed', b'5.1.2'
	delivers = False

	async def deliver(self, sender, rcpt, message):
		await self.send(self.host, '<>', '<%s>' % bare(sender),
			report(self.action, self.status, bare(rcpt)))
		if self.delivers:
			await asyncio.sleep(0.3)
			await super().deliver(sender, rcpt, message)


class DsnDelayed(DsnFailed):
	action, status = b'delayed', b'4.4.1'


class DsnRelayed(DsnFailed):
	action, status = b'relayed', b'2.0.0'


class DsnThenDelivery(DsnDelayed):
	delivers = True


class Vacation(Open):
	"""Delivers to somebody who is not there."""
	async def deliver(self, sender, rcpt, message):
		await self.send(self.host, '<away@example.net>', '<%s>' % bare(sender),
			b'From: away@example.net\r\nAuto-Submitted: auto-replied\r\n'
			b'Subject: I am away\r\n\r\nUntil next week.\r\n')


class CatchAll(Server):
	"""Each local part is a mailbox, one with a percent sign or an exclamation mark, too."""
	def may_relay(self, s, rcpt):
		return resolve('<x@%s>' % bare(rcpt).rpartition('@')[2], self.names) is None

	async def deliver(self, sender, rcpt, message):
		pass


class HackForward(Server):
	"""Sends the percent form on as it is."""
	def may_relay(self, s, rcpt):
		return '%' in rcpt

	async def deliver(self, sender, rcpt, message):
		await self.send(self.host, sender, rcpt, message)


class Forger(Open):
	"""Knows our addresses, and makes up another token."""
	async def deliver(self, sender, rcpt, message):
		local, _, domain = bare(rcpt).partition('@')
		changed = local[:-1] + ('a' if local[-1] != 'a' else 'b')
		await self.send(self.host, sender, '<%s@%s>' % (changed, domain), message)


class Swapper(Open):
	"""Sends the message to its sender, in the name of its recipient."""
	async def deliver(self, sender, rcpt, message):
		await self.send(self.host, rcpt, sender, message)


class Rewriter(Open):
	"""Nothing stays but the recipient."""
	async def deliver(self, sender, rcpt, message):
		await self.send(self.host, '<SRS0=abcd=ef=%s@%s>' % (bare(sender).replace('@', '='),
			HOST_NAME), rcpt, b'Subject: [EXTERNAL] message\r\n\r\nDisclaimer.\r\n')


class UpperCase(Open):
	async def deliver(self, sender, rcpt, message):
		await self.send(self.host, sender, rcpt.upper(), message.upper())


class Duplicate(Open):
	async def deliver(self, sender, rcpt, message):
		for _ in range(3):
			await self.send(self.host, sender, rcpt, message)


class TwoWays(Open):
	"""The second copy leaves by another address."""
	async def deliver(self, sender, rcpt, message):
		await self.send(self.host, sender, rcpt, message)
		await self.send('127.0.0.99', sender, rcpt, message)


class Late(Open):
	async def deliver(self, sender, rcpt, message):
		await asyncio.sleep(1.2)
		await super().deliver(sender, rcpt, message)


class CalloutBoth(Closed):
	"""Asks the collector about sender and recipient, each time without a message."""
	async def rcpt(self, s, argument):
		for path in (s.sender, argument):
			await self.ask(bare(path))
		await super().rcpt(s, argument)

	async def ask(self, mailbox):
		r, w = await asyncio.open_connection(*self.collector, local_addr=(self.host, 0))
		await r.readline()
		for line in (b'HELO x', b'MAIL FROM:<>', b'RCPT TO:<%s>' % mailbox.encode(), b'RSET',
			b'QUIT'):
			w.write(line + b'\r\n')
			await r.readline()
		w.close()
