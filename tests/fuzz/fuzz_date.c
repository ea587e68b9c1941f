/* SPDX-License-Identifier: MIT */
/* A date that reads is within four-digit years and reads the same after it is written. */
#include "codec/date.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int64_t now = 0, seconds, again;
    if (size < sizeof now)
        return 0;
    memcpy(&now, data, sizeof now);
    co_text text = {(const char *)data + sizeof now, size - sizeof now};
    char date[CO_DATE_SIZE], iso[CO_DATE_ISO_SIZE], log[CO_DATE_LOG_SIZE];
    co_date_write(date, now); /* any time at all writes as a date */
    assert(co_date_read((co_text){date, sizeof date}, 0, &again) == 0);
    assert(again == now || again == -62167219200 || again == 253402300799);
    co_date_write_iso(iso, now);
    co_date_write_log(log, now);
    if (co_date_read(text, now, &seconds) < 0)
        return 0;
    assert(seconds >= -62167219200 && seconds <= 253402300800); /* one more: a leap second */
    co_date_write(date, seconds);
    assert(co_date_read((co_text){date, sizeof date}, now, &again) == 0);
    assert(again == seconds || seconds == 253402300800);
    return 0;
}
