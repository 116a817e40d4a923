#!/bin/sh
set -e
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
fi
echo "hora: write /etc/hora/hora.conf, then: systemctl enable --now hora"
