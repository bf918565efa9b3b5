"""Worked settings: the usual one, and incoming webhooks of Slack and Discord. In the latter two nothing in a record can
call people: Slack looks for mentions in no `plain_text`, and Discord is told to look for none."""

from pydantic.config import JsonDict, JsonValue

USUAL: JsonDict = {
    "type": "webhook",
    "url": "https://shop.example/hooks/livedash",
    "where": "data.temp > 30",
    "fields": ["city", "temp"],
}
SLACK: JsonDict = {
    "type": "webhook",
    "url": "https://hooks.slack.com/services/T000/B000/XXXX",
    "batch": {"records": 40},  # a message has at most 50 blocks
    "template": {
        "text": "{{ count }} new in {{ pipeline }}",  # what a notification shows
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": "{{ count }} new in {{ pipeline }}"}},
            {
                "$each": {
                    "type": "section",
                    "text": {"type": "plain_text", "text": "{{ data.city }}: {{ data.temp }} °C"},
                }
            },
        ],
    },
    "gap_template": {"text": "Records of {{ pipeline }} from {{ gap.from }} on no longer exist: {{ gap.reason }}"},
}
DISCORD: JsonDict = {
    "type": "webhook",
    "url": "https://discord.com/api/webhooks/000/XXXX",
    "batch": {"records": 10},  # a message has at most 10 embeds
    "template": {
        "content": "{{ count }} new in {{ pipeline }}",
        "allowed_mentions": {"parse": []},
        "embeds": {
            "$each": {
                "title": "{{ data.city }}",
                "description": "{{ data.temp }} °C",
                "timestamp": "{{ timestamp }}",
            }
        },
    },
    "gap_template": {
        "content": "Records of {{ pipeline }} from {{ gap.from }} on no longer exist: {{ gap.reason }}",
        "allowed_mentions": {"parse": []},
    },
}
EXAMPLES: list[JsonValue] = [USUAL, SLACK, DISCORD]
