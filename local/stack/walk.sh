# A walk through the API. `make run` prints it after a line that sets API and GOOGLE.
# Each time that you paste this, two new people sign in and get ID tokens.
field() { python3 -c "import json, sys; print(json.load(sys.stdin)$1)"; }
sign_in() { curl -sS $GOOGLE/sign-in -d "{\"email\": \"$1\"}" | field "['id_token']"; }
ANA=$(sign_in ana-$RANDOM$RANDOM@example.org); BEN=$(sign_in ben-$RANDOM$RANDOM@example.org)
ANA_PHONE=ana-phone-$RANDOM; BEN_PHONE=ben-phone-$RANDOM
call() {
  curl -sS -X $2 "$API$3" -H "Authorization: Bearer $1" -H 'Content-Type: application/json' ${4:+-d "$4"}; echo
}

# Each of them saves a profile and registers a phone.
REST='"language": "en", "depth": 1, "barriers": [], "streak_hidden": false'
call $ANA PUT /v1/me "{\"display_name\": \"Ana\", \"zone\": \"America/New_York\", \"touch_comfort\": 0, $REST}"
call $BEN PUT /v1/me "{\"display_name\": \"Ben\", \"zone\": \"Asia/Tokyo\", \"touch_comfort\": 0, $REST}"
call $ANA PUT /v1/me/devices/phone "{\"token\": \"$ANA_PHONE\", \"fid\": null, \"platform\": \"ios\"}"
call $BEN PUT /v1/me/devices/phone "{\"token\": \"$BEN_PHONE\", \"fid\": null, \"platform\": \"android\"}"

# Before they are a couple, Ana answers a prompt alone. Ben can read her answer only if she shares it.
ALONE=$(call $ANA GET /v1/solo/today | field "['date']")
call $ANA PUT /v1/solo/days/$ALONE/answer '{"text": "What I would like to ask you one day.", "revision": null}'

# Ana invites, and Ben redeems her code. Both phones show the same three words. Ana compares them and confirms.
CODE=$(call $ANA POST /v1/invites | field "['code']")
call $BEN POST /v1/invites/redeem "{\"code\": \"$CODE\"}"
INVITE=$(call $ANA GET /v1/invites)
ID=$(echo "$INVITE" | field "['invite_id']") && WORDS=$(echo "$INVITE" | field "['words']" | tr "'" '"')
call $ANA POST /v1/invites/confirm "{\"invite_id\": \"$ID\", \"words\": $WORDS}"

# Ana swaps today's prompt; today is the date in her zone. Both answer. Then both answers open, and each leaves a
# reflection.
DATE=$(call $ANA GET /v1/today | field "['today']['date']")
PROMPT=$(call $ANA POST /v1/days/$DATE/swap | field "['prompt']['id']")
FIRST="\"share_first\": false, \"revision\": null, \"prompt\": \"$PROMPT\""
call $ANA PUT /v1/days/$DATE/answer "{\"text\": \"The morning you brought me coffee.\", $FIRST}"
call $BEN PUT /v1/days/$DATE/answer "{\"text\": \"Our walk by the river.\", $FIRST}"
call $ANA PUT /v1/days/$DATE/reflection '{"kind": "heard", "text": "That you like it slow, and next to me."}'
call $BEN PUT /v1/days/$DATE/reflection '{"kind": "thank_you", "text": null}'
call $ANA GET /v1/days/$DATE
call $ANA GET /v1/streak
MONDAY=$(python3 -c "from datetime import *; d = date.fromisoformat('$DATE'); print(d - timedelta(d.weekday()))")
call $ANA GET "/v1/recap?week=$MONDAY"

# She shares with Ben the answer that she wrote before they were a couple.
call $ANA POST /v1/solo/days/$ALONE/share
call $BEN GET /v1/solo/shared

# Ben begins a pause of a week for both, and Ana ends it.
NEXT_WEEK=$(python3 -c "import datetime as dt; print(dt.date.fromisoformat('$DATE') + dt.timedelta(days=7))")
call $BEN PATCH /v1/couple "{\"pause\": {\"until\": \"$NEXT_WEEK\"}}"
call $ANA DELETE /v1/couple/pause

# They see the packs, and Ben chooses one. Ana reads whom they can call for help.
call $ANA GET /v1/packs
call $BEN PUT /v1/couple/packs/starter
call $ANA GET /v1/help

# Ana sends a nudge. Then both turn touch reminders on and get the day's small gesture. Reminders come at their time, or
# at once with `make tick`.
call $ANA POST /v1/nudges '{"gesture": "thank_you"}'
call $BEN GET /v1/nudges
for WHO in $ANA $BEN; do
  call $WHO PUT /v1/me/reminders '{
    "prompt_time": "08:30", "evening_time": "20:30", "quiet_hours": {"start": "22:00", "end": "07:00"},
    "touch": {"weekdays": ["monday", "thursday"], "time": "19:00"}, "nudges_muted": false, "news": true
  }'
done
call $ANA PUT /v1/me "{\"display_name\": \"Ana\", \"zone\": \"America/New_York\", \"touch_comfort\": 1, $REST}"
call $BEN PUT /v1/me "{\"display_name\": \"Ben\", \"zone\": \"Asia/Tokyo\", \"touch_comfort\": 2, $REST}"
call $BEN GET /v1/touch/today

# Ana exports everything that she wrote, and Ben's answers that are open to her. An export needs a recent sign-in.
call $ANA POST /v1/me/export

# A moment later, these are the pushes to each phone. Add /stream to an inbox's address to watch new pushes arrive.
inbox() { for _ in 1 2 3 4 5 6 7 8 9; do curl -sS $GOOGLE/inbox/$1 | grep title && break; sleep 1; done; echo; }
inbox $ANA_PHONE
inbox $BEN_PHONE
