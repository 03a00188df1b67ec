import CloudEvents
import Foundation
import Testing

/// The WebSocket of Keptn 0.5 with a real peer, the PyPI package `websocket-client`. `KEPTN_TEST_PYTHON` names an
/// interpreter that has it; in CI it must.
@Suite("The WebSocket of Keptn 0.5", .timeLimit(.minutes(5)))
struct ChannelTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let python = environment["KEPTN_TEST_PYTHON"].flatMap { $0.isEmpty ? nil : $0 }
    static let isWanted = python != nil || !(environment["CI"] ?? "").isEmpty

    private static let shipyard = """
        apiVersion: spec.keptn.sh/0.2.3
        kind: Shipyard
        metadata: {name: shop}
        spec:
          stages:
            - name: dev
              sequences: [{name: delivery, tasks: [{name: deployment}]}]
            - name: staging
              sequences:
                - {name: delivery, triggeredOn: [{event: dev.delivery.finished}], tasks: [{name: check}]}
        """

    private static let peer = """
        import json, sys, websocket
        from websocket import ABNF
        url, token, channel, seen = sys.argv[1:5]

        def connect(token, *headers):
            return websocket.create_connection(url, timeout=60, header=["Token: " + token, *headers])

        def refused(token, *headers):
            try: connect(token, *headers)
            except websocket.WebSocketBadStatusException as error: return error.status_code

        def goodbye(frame):
            peer = connect(token)
            peer.send_frame(frame)
            opcode, data = peer.recv_data()
            return int.from_bytes(data[:2], "big") if opcode == ABNF.OPCODE_CLOSE else opcode

        said = {"wrong token": refused("x"), "another channel": refused(token, "x-keptn-ws-channel-id: x")}
        said["bytes"] = goodbye(ABNF.create_frame(b"a", ABNF.OPCODE_BINARY))
        said["unmasked"] = goodbye(ABNF(1, 0, 0, 0, ABNF.OPCODE_TEXT, 0, b"a"))
        said["long"] = goodbye(ABNF.create_frame("a" * 70000, ABNF.OPCODE_TEXT))
        said["no line"] = goodbye(ABNF.create_frame("{}", ABNF.OPCODE_TEXT))

        line = json.dumps({"specversion": "0.2", "type": "sh.keptn.events.log", "source": "s", "id": "line",
                           "shkeptncontext": channel, "data": {"message": "half of it", "terminate": False}})
        service = connect(token)
        service.send_frame(ABNF.create_frame(line[:9], ABNF.OPCODE_TEXT, 0))
        service.ping("there?")
        service.send_frame(ABNF.create_frame(line[9:], ABNF.OPCODE_CONT))
        said["pong"] = service.recv_data_frame(True)[1].data.decode()
        service.send_close(1000)
        said["answered goodbye"] = int.from_bytes(service.recv_data_frame(True)[1].data[:2], "big")

        client = connect(token, "Keptn-Ws-Channel-Id: " + channel)
        said["lines"] = []
        while True:
            opcode, data = client.recv_data()
            if opcode == ABNF.OPCODE_CLOSE: break
            said["lines"].append(json.loads(data)["data"])
            open(seen, "w").close()
        said["goodbye"] = int.from_bytes(data[:2], "big")
        print(json.dumps(said))
        """

    @Test("A command follows its run through both stages, and a service writes into it", .enabled(if: isWanted))
    func story() async throws {
        try await ProjectUnderTest.with(
            shipyard: Self.shipyard, arguments: ["--without", "process-service"]
        ) { project in
            let sent = try await project.server.send(
                "POST", "/v1/event",
                [
                    "specversion": "0.2", "type": "sh.keptn.event.configuration.change", "source": "keptn-cli",
                    "id": "new-artifact", "contenttype": "application/json",
                    "data": ["project": "shop", "service": "cart", "valuesCanary": ["image": "cart:1"]],
                ])
            try #require(sent.status == 200, "\(sent.json)")
            let context = try #require(sent.json["keptnContext"]?.stringValue)
            let token = try #require(sent.json["data", "channelInfo", "token"]?.stringValue)
            let folder = FileManager.default.temporaryDirectory.appending(path: "keptn-channel-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            let seen = folder.appending(path: "seen").path
            async let peer = Self.talk(project, token, context, seen)
            try await KeptnProcess.eventually("the command reads") { FileManager.default.fileExists(atPath: seen) }
            try await project.run("deployment", of: context)
            try await project.run("check", in: "staging", of: context, result: "fail")
            Self.check(try await peer)
            let stored = try await project.server.send("GET", "/mongodb-datastore/event?type=sh.keptn.events.log")
            #expect(stored.json["events"]?.elements.map { $0["data", "message"] } == ["half of it"])
        }
    }

    private static let crowd = """
        import http.client, json, sys, time, urllib.parse, websocket
        home, count = sys.argv[1], int(sys.argv[2])
        channel = json.load(open(home + "/channel.json"))
        address = urllib.parse.urlparse(channel["endpoint"])

        def connect():
            return websocket.create_connection(channel["endpoint"].replace("http", "ws", 1), timeout=120,
                                               header=["Token: " + channel["token"]])

        def code(peer):
            opcode, data = peer.recv_data()
            return int.from_bytes(data[:2], "big") if opcode == websocket.ABNF.OPCODE_CLOSE else -opcode

        def statuses(*requests):
            # One connection, for as long as the server keeps it.
            client, said = http.client.HTTPConnection(address.hostname, address.port, timeout=60), []
            for headers in requests:
                client.request("GET", "/healthz", headers=headers)
                answer = client.getresponse()
                answer.read()
                said.append(answer.status)
            return said

        def wish(protocol, **headers): return {"Connection": "Upgrade", "Upgrade": protocol, **headers}
        handshake = {"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "MDEyMzQ1Njc4OWFiY2RlZg=="}
        said = {"another protocol": statuses(wish("h2c"), {}, wish("websocket"), {}),
                "no WebSocket": statuses(wish("websocket", **handshake), {}),
                "no handshake": statuses(wish("websocket"), {})}
        peers = [connect() for _ in range(count)]
        said["too many"] = code(connect())
        peers.pop().close()
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            peer = connect()
            peer.ping("room?")
            if peer.recv_data_frame(True)[0] == websocket.ABNF.OPCODE_PONG: break
        peers.append(peer)
        open(home + "/ready", "w").close()
        said["at the end"] = sorted(set(code(peer) for peer in peers))
        print(json.dumps(said, separators=(",", ":")))
        """

    @Test(
        "256 WebSockets may be open, whoever goes makes room, all hear of the end; others are answered, and go on",
        .enabled(if: isWanted))
    func bound() async throws {
        try await KeptnProcess.withHome { keptn in
            let python = try #require(Self.python, "KEPTN_TEST_PYTHON must be set in CI")
            let home = keptn.home
            async let said = Self.crowd(python, home)
            _ = try await keptn.withServer { keptn in
                let endpoint = try keptn.read("endpoint")
                let sent = try await ServerOverHTTP(keptn).send(
                    "POST", "/v1/event",
                    ["specversion": "0.2", "type": "sh.keptn.events.problem", "source": "test", "id": "1", "data": [:]])
                let token = try #require(sent.json["token"]?.stringValue, "\(sent.json)")
                let channel: JSON = ["endpoint": .string(endpoint), "token": .string(token)]
                try Data(channel.bytes).write(to: home.appending(path: "channel.json"), options: .atomic)
                try await KeptnProcess.eventually("all WebSockets are open") {
                    FileManager.default.fileExists(atPath: home.appending(path: "ready").path)
                }
                return .gracefully
            }
            let answers = try await said
            #expect(answers["another protocol"] == [200, 200, 200, 200], "\(answers)")
            #expect(answers["no WebSocket"] == [404, 200] && answers["no handshake"] == [426, 200], "\(answers)")
            #expect(answers["too many"] == 1013 && answers["at the end"] == [1001], "\(answers)")
        }
    }

    private static func crowd(_ python: String, _ home: URL) async throws -> JSON {
        try await KeptnProcess.eventually("the server has a channel") {
            FileManager.default.fileExists(atPath: home.appending(path: "channel.json").path)
        }
        return try JSON(
            parsing: try await KeptnProcess.output(of: "env", [python, "-c", crowd, home.path, "256"]))
    }

    private static func talk(
        _ project: ProjectUnderTest, _ token: String, _ context: String, _ seen: String
    ) async throws -> JSON {
        let python = try #require(python, "KEPTN_TEST_PYTHON must be set in CI")
        let url = project.server.endpoint.replacing("http://", with: "ws://")
        return try JSON(
            parsing: try await KeptnProcess.output(of: "env", [python, "-c", peer, url, token, context, seen]))
    }

    private static func check(_ said: JSON) {
        #expect(said["wrong token"] == 401 && said["another channel"] == 403)
        #expect(said["bytes"] == 1003 && said["unmasked"] == 1002 && said["long"] == 1009 && said["no line"] == 1008)
        #expect(said["pong"] == "there?" && said["answered goodbye"] == 1000 && said["goodbye"] == 1000)
        let lines = said["lines"]?.elements ?? []
        let messages = lines.compactMap { $0["message"]?.stringValue }
        #expect(messages.first == "delivery of cart in dev is triggered")
        for wanted in [
            "half of it", "deployment of cart in dev is finished: pass", "delivery of cart in dev is finished: pass",
            "delivery of cart in staging is triggered", "delivery of cart in staging is finished: fail",
        ] {
            #expect(messages.contains(wanted), "\(messages)")
        }
        #expect(messages.last == "it has failed")
        #expect(lines.compactMap { $0["terminate"]?.boolValue }.filter(\.self).count == 1)
        #expect(lines.last?["terminate"] == true && lines.last?["logLevel"] == "ERROR")
    }
}
