#include "prober_setup.h"

#include <stdio.h>

#include "probe_case.h"

static enum err
copy(char *out, size_t size, const char *value, const char *option, struct error *e)
{
	if (snprintf(out, size, "%s", value) >= (int)size)
		return error_set(e, ERR_RANGE, "%s: longer than %zu bytes", option, size - 1);
	return OK;
}

static enum err
set_cases(const struct conf *conf, uint64_t *cases, struct error *e)
{
	struct error why = {.code = OK};
	uint64_t mask;
	enum err err = OK;

	*cases = 0;
	for (size_t i = 0; err == OK && i < conf->probe.cases.count; i++) {
		err = probe_case_parse_list(text_of(conf->probe.cases.items[i]), &mask, &why);
		*cases |= err == OK ? mask : 0;
	}
	return err == OK ? OK : error_set(e, err, "probe.cases: %s", why.text);
}

static enum err
set_allowed(const struct conf *conf, struct prober_conf *out, struct error *e)
{
	if (conf->probe.allow.count > PROBER_ALLOW_MAX)
		return error_set(e, ERR_RANGE, "probe.allow: more than %d prefixes",
			PROBER_ALLOW_MAX);
	for (size_t i = 0; i < conf->probe.allow.count; i++)
		if (prefix_parse(text_of(conf->probe.allow.items[i]), &out->allow[i]) != OK)
			return error_set(e, ERR_SYNTAX, "probe.allow: \"%s\" is not a prefix",
				conf->probe.allow.items[i]);
	out->allow_count = conf->probe.allow.count;
	return OK;
}

static enum err
set_addresses(const struct conf *conf, struct prober_conf *out, struct error *e)
{
	if (endpoint_parse(text_of(conf->collector.listen), &out->collector) != OK)
		return error_set(e, ERR_SYNTAX, "collector.listen: \"%s\" is not ADDR@PORT",
			conf->collector.listen);
	if (conf->probe.source[0] != '\0' &&
		addr_parse(text_of(conf->probe.source), &out->source) != OK)
		return error_set(e, ERR_SYNTAX, "probe.source: \"%s\" is not an IP address",
			conf->probe.source);
	if (conf->probe.second_source[0] != '\0' &&
		addr_parse(text_of(conf->probe.second_source), &out->second_source) != OK)
		return error_set(e, ERR_SYNTAX, "probe.second_source: \"%s\" is not an IP address",
			conf->probe.second_source);
	return OK;
}

static enum err
set_names(const struct conf *conf, struct prober_conf *out, struct error *e)
{
	enum err err = copy(out->collector_domain, sizeof(out->collector_domain),
		conf->collector.domain, "collector.domain", e);

	if (err == OK)
		err = copy(out->helo, sizeof(out->helo), conf->probe.helo, "probe.helo", e);
	if (err == OK)
		err = copy(out->url, sizeof(out->url), conf->probe.url, "probe.url", e);
	if (err == OK)
		err = copy(out->user, sizeof(out->user), conf->probe.user, "probe.user", e);
	if (err == OK)
		err = copy(out->tls_certificate, sizeof(out->tls_certificate),
			conf->collector.tls_certificate, "collector.tls_certificate", e);
	if (err == OK)
		err = copy(out->tls_key, sizeof(out->tls_key), conf->collector.tls_key,
			"collector.tls_key", e);
	return err;
}

enum err
prober_setup(const struct conf *conf, struct prober_conf *out, struct error *e)
{
	enum err err;

	*out = (struct prober_conf){
		.wait_s = (uint32_t)conf->probe.wait_s,
		.retry_after_s = (uint32_t)conf->probe.retry_after_s,
		.retries = (uint32_t)conf->probe.retries,
		.reply_timeout_s = (uint32_t)conf->probe.reply_timeout_s,
		.session_timeout_s = (uint32_t)conf->probe.session_timeout_s,
		.sessions = (uint32_t)conf->probe.sessions,
		.starttls = conf->probe.starttls != 0,
	};
	err = set_addresses(conf, out, e);
	if (err == OK)
		err = set_names(conf, out, e);
	if (err == OK)
		err = set_cases(conf, &out->cases, e);
	return err == OK ? set_allowed(conf, out, e) : err;
}
