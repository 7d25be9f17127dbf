/* sandbox.h - give up all that the prober does not need.
 *
 * After sandbox_enter the process has the descriptors it has, may make TCP sockets, and may
 * do nothing else: no file by any name, no program, no process, no other kind of socket.
 *
 *	layer            as root  else
 *	chroot           yes      no     to a directory without files
 *	another user     yes      -
 *	no new rights    yes      yes
 *	Landlock         yes      yes    where the kernel has it
 *	resource limits  yes      yes    no core, no file growth, no process
 *	seccomp          yes      yes    what is not on the list is EPERM
 */
#ifndef ANALYZER_SANDBOX_H
#define ANALYZER_SANDBOX_H

#include <stddef.h>

#include <orbl/err.h>

/* user: to become when root, "" is "nobody". Everything must be open by now. An error leaves the
 * process half shut in: end it. */
enum err sandbox_enter(const char *user, struct error *e) ORBL_NODISCARD;
/* Can this process become user? */
enum err sandbox_check_user(const char *user, struct error *e) ORBL_NODISCARD;
/* Have room for so many descriptors, before sandbox_enter; returns for how many there is. */
size_t sandbox_raise_descriptors(size_t wanted);
/* Close every descriptor from 3 on but these two. */
void sandbox_close_others(int keep, int keep_too);

#endif
