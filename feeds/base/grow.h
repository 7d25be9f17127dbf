/* grow.h - room in an array that grows by half. */
#ifndef FEEDS_GROW_H
#define FEEDS_GROW_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* The array with room for at least count elements, moved perhaps; *room is updated. NULL when
 * there is no memory: items is then as it was. */
static inline void *
grow(void *items, size_t *room, size_t count, size_t element_size)
{
	size_t bigger = *room != 0 ? *room : 16;

	if (count <= *room && items != NULL)
		return items;
	while (bigger < count)
		bigger += bigger / 2;
	if (bigger > SIZE_MAX / element_size)
		return NULL;
	items = realloc(items, bigger * element_size);
	if (items != NULL)
		*room = bigger;
	return items;
}

#endif
