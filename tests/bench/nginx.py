"""nginx as the physical limit: one worker that relays and does nothing else. Debian's package is enough (`make tools`).

Buffering is off because a proxy for streams may not buffer; connections to the upstream are kept; nothing is logged.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

CONFIGURATION = """\
{user}worker_processes 1;
worker_rlimit_nofile 8192;
daemon off;
pid {folder}/nginx.pid;
error_log stderr error;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream provider {{
        server 127.0.0.1:{upstream};
        keepalive 1024;
        keepalive_requests 100000000;
    }}
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        keepalive_requests 100000000;
        location / {{
            proxy_pass http://provider;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffering off;
        }}
    }}
}}
"""


def command(folder: Path, port: int, upstream: int) -> list[str] | None:
    """The command that runs nginx in the foreground with its files in `folder`; None where it is not installed."""
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if program is None:
        return None
    user = "user root root;\n" if os.geteuid() == 0 else ""
    path = folder / "nginx.conf"
    path.write_text(CONFIGURATION.format(user=user, folder=folder, port=port, upstream=upstream))
    return [program, "-e", "stderr", "-p", str(folder), "-c", str(path)]
