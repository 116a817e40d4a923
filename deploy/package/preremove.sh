#!/bin/sh
# Not on upgrades ("upgrade" of dpkg, 1 of rpm): the new binary is started by whoever upgrades, one machine after the other.
set -e
case "$1" in
  remove|0)
    if [ -d /run/systemd/system ]; then
      systemctl disable --now hora || true
    fi
    ;;
esac
