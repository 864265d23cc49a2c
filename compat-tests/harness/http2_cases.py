"""Cases that are named by sections of the RFCs of HTTP/2, and the server that they are played at: uringx alone, over cleartext with
prior knowledge, because where nginx 1.22 fails the RFC is the judge.
"""
import pytest

from .http2_raw import END_HEADERS, request
from .running import until
from .site import WRAPPER

BIG, SMALL = "/big.bin", "/ten.txt"
CONFIG = WRAPPER.format(main="", events="", http="http2_max_concurrent_streams 20;", servers="""
    server { listen 127.0.0.1:@P0@ http2; root html; location /w/ { add_header X-W $uri; add_header Connection x; add_header Upgrade h2c;
                            add_header "b ad" x; add_header X-Kept yes; return 200 $http_cookie; }
             location /method { return 200 "$request_method $content_length"; } }""")
POST = request(method="POST", path="/method")
OPEN = END_HEADERS  # a request whose body follows


class Cases(list):
    """A module's cases, for pytest.mark.parametrize("function, own_settings, options", CASES)."""

    def __call__(self, section, *own_settings, **options):
        """Decorates a function that gets a client that has exchanged prefaces."""
        def add(function):
            self.append(pytest.param(function, own_settings, options, id=section))
            return function
        return add


@pytest.fixture(scope="module")
def port(workspace, binaries):
    server = workspace.server(binaries[1], "uringx")
    server.start(CONFIG)
    until(lambda: server.children(server.process.pid), "a worker")
    yield server.ports[0]
    assert server.stop() == 0
    assert "[alert]" not in server.log_text("error.log") and "Sanitizer" not in server.log_text("error.log")
