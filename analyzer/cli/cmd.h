/* cmd.h - the commands of orbl. argv[0] is the command's name; the exit status is returned. */
#ifndef ANALYZER_CMD_H
#define ANALYZER_CMD_H

int cmd_submit(int argc, char **argv);
int cmd_check(int argc, char **argv);   /* 0 not listed, 1 listed, 2 trouble */
int cmd_explain(int argc, char **argv); /* the same */
int cmd_list(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_delist(int argc, char **argv); /* 0 delisted, 1 refused, 2 trouble */
int cmd_probe(int argc, char **argv);  /* 0 none open, 1 one open, 2 trouble */
int cmd_parse(int argc, char **argv);
int cmd_policy(int argc, char **argv); /* cmd_policy.h */

#endif
