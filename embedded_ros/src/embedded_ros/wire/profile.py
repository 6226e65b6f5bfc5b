"""Cyclone's domain configuration: discovery as the ROS environment asks for, tuned for big messages on one machine.

Without any setting the runtime stays on this machine (as with ``ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST``); the discovery
settings then equal those that rmw_cyclonedds uses, so both see each other. What the user puts into ``CYCLONEDDS_URI``
comes last and wins.
"""

from __future__ import annotations

import html
import logging
import os
import pathlib
from collections.abc import Mapping

_LOGGER = logging.getLogger("embedded_ros")
_WANTED_BUFFER = 4 * 1024 * 1024
_RANGES = ("SUBNET", "LOCALHOST", "OFF", "SYSTEM_DEFAULT")
_HIGHEST_DOMAIN = 232
_MAX_PARTICIPANTS = 32

# Large datagrams and quick repair: a 208 KiB socket buffer then still gets every message of some megabytes through.
_TUNING = (
    "<General><MaxMessageSize>65500B</MaxMessageSize><FragmentSize>65000B</FragmentSize></General>"
    "<Internal><SocketReceiveBufferSize max='{receive_buffer}B'/><NackDelay>2ms</NackDelay>"
    "<HeartbeatInterval min='2ms' minsched='4ms' max='1s'>20ms</HeartbeatInterval>"
    # Unanswered data must not keep a program from ending: peers that live acknowledge within milliseconds.
    "<MaxQueuedRexmitBytes>64MiB</MaxQueuedRexmitBytes><WriterLingerDuration>200ms</WriterLingerDuration></Internal>"
)
_warned = False


def domain_id(environment: Mapping[str, str] = os.environ) -> int:
    """Return ``ROS_DOMAIN_ID`` (0 when unset); raises ValueError outside 0..232."""
    text = environment.get("ROS_DOMAIN_ID") or "0"
    if not text.isdigit() or int(text) > _HIGHEST_DOMAIN:
        raise ValueError(f"ROS_DOMAIN_ID is {text!r}; it must be a whole number from 0 to {_HIGHEST_DOMAIN}")
    return int(text)


def discovery_range(environment: Mapping[str, str] = os.environ) -> str:
    """Return how far discovery reaches: SUBNET, LOCALHOST, OFF or SYSTEM_DEFAULT; raises ValueError for other words."""
    if environment.get("ROS_LOCALHOST_ONLY") == "1":
        return "LOCALHOST"
    wanted = (environment.get("ROS_AUTOMATIC_DISCOVERY_RANGE") or "LOCALHOST").upper()
    if wanted not in _RANGES:
        raise ValueError(f"ROS_AUTOMATIC_DISCOVERY_RANGE is {wanted!r}; use one of {', '.join(_RANGES)}")
    return wanted


def configuration(environment: Mapping[str, str] = os.environ) -> str:
    """Return the configuration for ``dds_create_domain``: comma-separated fragments, later ones win."""
    parts = [_domain(_discovery(environment)), _domain(_TUNING.format(receive_buffer=_receive_buffer(environment)))]
    user = environment.get("CYCLONEDDS_URI", "")
    return ",".join([*parts, user] if user else parts)


def warn_about_small_buffers() -> None:
    """Log once, with the remedy, when the kernel caps socket buffers below what large messages need."""
    global _warned
    limit = _kernel_limit()
    if _warned or limit is None or limit >= _WANTED_BUFFER:
        return
    _warned = True
    _LOGGER.warning(
        "net.core.rmem_max is %d bytes; large messages arrive late. Remedy: sudo sysctl -w net.core.rmem_max=%d",
        limit,
        _WANTED_BUFFER,
    )


def _domain(content: str) -> str:
    return f"<CycloneDDS><Domain Id='any'>{content}</Domain></CycloneDDS>"


def _discovery(environment: Mapping[str, str]) -> str:
    reach = discovery_range(environment)
    if reach == "SYSTEM_DEFAULT":
        return ""
    if reach == "OFF":
        tag = f"<Discovery><Tag>ros_discovery_off_{os.getpid()}</Tag></Discovery>"
        return f"<General><AllowMulticast>false</AllowMulticast></General>{tag}"
    peers = [peer.strip() for peer in environment.get("ROS_STATIC_PEERS", "").split(";") if peer.strip()]
    if reach == "LOCALHOST":
        peers.insert(0, "localhost")
    general = "<General><AllowMulticast>false</AllowMulticast></General>" if reach == "LOCALHOST" else ""
    if not peers:
        return general
    listed = "".join(f'<Peer address="{html.escape(peer)}"/>' for peer in peers)
    index = f"<ParticipantIndex>auto</ParticipantIndex><MaxAutoParticipantIndex>{_MAX_PARTICIPANTS}</MaxAutoParticipantIndex>"
    return f"{general}<Discovery>{index}<Peers>{listed}</Peers></Discovery>"


def _receive_buffer(environment: Mapping[str, str]) -> int:
    """Return the receive buffer to ask for in bytes; ``EMBEDDED_ROS_RECEIVE_BUFFER`` lowers it, say for tests."""
    return int(environment.get("EMBEDDED_ROS_RECEIVE_BUFFER") or _WANTED_BUFFER)


def _kernel_limit() -> int | None:
    file = pathlib.Path("/proc/sys/net/core/rmem_max")
    return int(file.read_text()) if file.is_file() else None
