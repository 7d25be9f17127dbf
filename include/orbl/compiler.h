/* compiler.h - attributes that let the compiler check a contract. */
#ifndef ORBL_COMPILER_H
#define ORBL_COMPILER_H

#define ORBL_NODISCARD          __attribute__((warn_unused_result))
#define ORBL_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#define ORBL_NONNULL            __attribute__((nonnull))
#define ORBL_UNUSED             __attribute__((unused))
#define ORBL_COUNT(array)       (sizeof(array) / sizeof((array)[0]))

#endif
