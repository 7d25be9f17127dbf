"""Send one message: HOST PORT SENDER RECIPIENT [login]. Prints "250", the reply that refused
it, or "closed". $SOURCE is the address to come from."""

import os
import smtplib
import sys

smtplib.quoteaddr = lambda path: "<%s>" % path  # paths as they are, also malformed ones


def send(host, port, sender, recipient, login=None):
    source = (os.environ.get("SOURCE", "127.0.0.1"), 0)
    smtp = smtplib.SMTP(host, port, "client.test", timeout=10, source_address=source)
    smtp.ehlo_or_helo_if_needed()
    if login:
        smtp.login("test", "test", initial_response_ok=True)
    smtp.sendmail(sender, [recipient], "Subject: test\r\n\r\n.dot\r\nend\r\n")
    smtp.quit()


def main():
    try:
        send(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])
    except smtplib.SMTPRecipientsRefused as refused:
        code, text = list(refused.recipients.values())[0]
    except smtplib.SMTPServerDisconnected:
        return "closed"
    except smtplib.SMTPResponseException as refused:
        code, text = refused.smtp_code, refused.smtp_error
        if code < 0:
            return "closed"
    else:
        return "250"
    return "%d %s" % (code, text.decode(errors="replace") if isinstance(text, bytes) else text)


print(main())
