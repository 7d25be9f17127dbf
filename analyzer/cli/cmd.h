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
int cmd_audit(int argc, char **argv);  /* 0 all is well, 1 a record is not, 2 trouble */
int cmd_policy(int argc, char **argv); /* cmd_policy.h */
int cmd_policy_page(int argc, char **argv);
int cmd_replay(int argc, char **argv);   /* 0 all is as it was, 1 something is not, 2 trouble */
int cmd_operator(int argc, char **argv); /* 0 done, 1 refused, 2 trouble */
int cmd_zone(int argc, char **argv);     /* the same */
int cmd_publish(int argc, char **argv);  /* 0 all is published, 1 something is held, 2 trouble */
int cmd_report(int argc, char **argv);
int cmd_snippet(int argc, char **argv);
int cmd_dnsd(int argc, char **argv); /* 0 done, 1 not all could be loaded, 2 trouble */

int cmd_dnsd_key(int argc, char **argv); /* of cmd_dnsd; 0 done, 1 no such key, 2 trouble */
int cmd_purge(int argc, char **argv);    /* 0 done, 1 refused, 2 trouble */
int cmd_reporter(int argc, char **argv); /* the same */

#endif
