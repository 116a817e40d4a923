#!/bin/sh
# The user that hora runs as. It owns nothing.
set -e
getent group hora >/dev/null || groupadd --system hora
getent passwd hora >/dev/null || useradd --system --gid hora --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin hora
