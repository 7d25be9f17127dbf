/* fuzz_addr.c - addresses, prefixes, endpoints: what is read is written and read back the same. */
#undef NDEBUG /* the asserts are the test */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <orbl/addr.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_addr(struct text t)
{
	struct addr a, back;
	char text[ADDR_TEXT];

	if (addr_parse(t, &a) != OK)
		return;
	assert(a.family == 4 || a.family == 6);
	assert(addr_parse(text_of(addr_format(&a, text)), &back) == OK);
	assert(addr_equal(&a, &back));
	if (a.family == 4) {
		back = addr_from_ipv4(addr_ipv4(&a));
		assert(addr_equal(&a, &back));
		for (size_t i = 4; i < sizeof(a.b); i++)
			assert(a.b[i] == 0);
	}
	(void)addr_is_reserved(&a);
}

static void
check_prefix(struct text t)
{
	struct prefix p, back;
	char text[PREFIX_TEXT];

	if (prefix_parse(t, &p) != OK)
		return;
	assert(p.len <= (p.addr.family == 4 ? 32 : 128));
	assert(prefix_has_addr(&p, &p.addr));
	assert(prefix_parse(text_of(prefix_format(&p, text)), &back) == OK);
	assert(addr_equal(&p.addr, &back.addr) && p.len == back.len);
}

static void
check_endpoint(struct text t)
{
	struct sockaddr_storage sa;
	struct endpoint e, back;
	char text[ENDPOINT_TEXT];

	if (endpoint_parse(t, &e) != OK)
		return;
	assert(endpoint_parse(text_of(endpoint_format(&e, text)), &back) == OK);
	assert(addr_equal(&e.addr, &back.addr) && e.port == back.port);
	assert(endpoint_to_sockaddr(&e, &sa) <= sizeof(sa));
	back = endpoint_from_sockaddr((struct sockaddr *)&sa);
	assert(addr_equal(&e.addr, &back.addr) && e.port == back.port);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text t = {(const char *)data, size};

	check_addr(t);
	check_prefix(t);
	check_endpoint(t);
	return 0;
}
