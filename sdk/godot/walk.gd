# Walks to the right for some seconds and prints what it sees:
#   godot3-server --path sdk/godot -s walk.gd
# MUSTER_URL says where (http://127.0.0.1:8080), MUSTER_SECONDS how long (5).
extends SceneTree

const WELCOME = 4
const SNAPSHOT = 5
const CHAT = 7
const DISCONNECTED = 15
const RIGHT = 8

var client = load("res://muster_client.gdns").new()
var first_tick = 0
var printed_at = 0
var seconds = 5.0

func _initialize():
    var url = OS.get_environment("MUSTER_URL")
    if OS.get_environment("MUSTER_SECONDS") != "":
        seconds = float(OS.get_environment("MUSTER_SECONDS"))
    var why = client.open(url if url != "" else "http://127.0.0.1:8080")
    if why != "":
        print(why)
        quit(2)
        return
    client.join("", "Godot")

func _iteration(_delta):
    var event = client.poll()
    while event != null:
        if take(event):
            return true
        event = client.poll()
    return false

# True at the end.
func take(event):
    match event.kind:
        WELCOME:
            print("plays in %s as %s, %.0f x %.0f units" % [event.world, event.name, event.width, event.height])
        SNAPSHOT:
            show(event)
        CHAT:
            print("%s: %s" % [event.name, event.text])
        DISCONNECTED:
            print("over: %s" % event.message)
            return true
    return false

func show(event):
    if first_tick == 0:
        first_tick = event.tick
        printed_at = event.tick
        client.set_input(RIGHT, 0.0)
        client.say("Hello from Godot!")
    if event.tick - printed_at >= 60 and event.has("x"):
        printed_at = event.tick
        print("tick %d: at %.1f, %.1f; %d others in view" % [event.tick, event.x, event.y, event.entities.size()])
    if event.tick - first_tick >= seconds * 60:
        client.leave()
