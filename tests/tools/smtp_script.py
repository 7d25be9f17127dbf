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
import sys

sys.dont_write_bytecode = True

import smtp_kinds  # noqa: E402,F401
import smtp_odd_kinds  # noqa: E402,F401
from smtp_server import Hangup, Server, Session  # noqa: E402


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
