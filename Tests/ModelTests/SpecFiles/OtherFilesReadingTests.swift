import KeptnModel
import SpecFiles
import Testing

@Suite("Reading test configurations and plans")
struct TestFilesReadingTests {
    @Test("A test configuration; what is not given is the strategy's default")
    func configuration() throws {
        let text = """
            spec_version: '0.1.0'
            workloads:
            - teststrategy: performance
              vuser: 5
              loopcount: 20
              thinktime: 50
              script: jmeter/plan.yaml
              acceptederrorrate: 0.05
              avgrtvalidation: 300
              properties: {region: eu, size: 3}
            - teststrategy: performance_light
              acceptederrorrate: 1
            - teststrategy: healthcheck
            - teststrategy: functional
              vuser: 2
            """
        let parsed = try SpecFiles.testConfiguration(bytes(text), file: "jmeter/jmeter.conf.yaml")
        #expect(parsed.warnings.isEmpty)
        var functional = TestConfiguration.defaults[2]
        functional.virtualUsers = 2
        #expect(
            parsed.value
                == TestConfiguration(workloads: [
                    .init(
                        testStrategy: "performance", virtualUsers: 5, loopCount: 20, thinkTime: .milliseconds(50),
                        script: "jmeter/plan.yaml", acceptedErrorRate: 0.05, averageResponseTimeMillisecondsMax: 300,
                        properties: ["region": "eu", "size": "3"]),
                    .init(
                        testStrategy: "performance_light", virtualUsers: 1, loopCount: 1, thinkTime: .milliseconds(250),
                        script: "jmeter/load.jmx", acceptedErrorRate: 1),
                    TestConfiguration.defaults[0],
                    functional,
                ]))
    }

    @Test(
        "Mistakes in test configurations",
        arguments: [
            SpecCase("no workloads", "spec_version: '0.1.0'", "s.yaml:1:1: error: the file has no 'workloads'"),
            SpecCase(
                "wrong values",
                """
                workloads:
                - {vuser: 0, loopcount: many, thinktime: -1, acceptederrorrate: 2, avgrtvalidation: 1.5}
                - {teststrategy: performance, vusers: 3, loopcount: "3", thinktime: 250ms, acceptederrorrate: .nan}
                - {teststrategy: performance}
                """,
                "s.yaml:2:3: error: 'workloads[0]' has no 'teststrategy'",
                "s.yaml:2:11: error: 'vuser' needs a whole number from 1 to 10000, found '0'",
                "s.yaml:2:25: error: 'loopcount' needs a whole number from 1 to 1000000000, found 'many'",
                "s.yaml:2:42: error: 'thinktime' needs a whole number from 0 to 86400000, found '-1'",
                "s.yaml:2:65: error: 'acceptederrorrate' needs a number from 0.0 to 1.0, found '2'",
                "s.yaml:2:85: error: 'avgrtvalidation' needs a whole number from 0 to 86400000, found '1.5'",
                "s.yaml:3:31: warning: unknown key 'vusers'; did you mean 'vuser'?",
                "s.yaml:3:53: error: 'loopcount' needs a whole number from 1 to 1000000000, found the text \"3\"",
                "s.yaml:3:69: error: 'thinktime' needs a whole number from 0 to 86400000, found '250ms'",
                "s.yaml:3:95: error: 'acceptederrorrate' needs a number from 0.0 to 1.0, found '.nan'",
                "s.yaml:4:3: warning: there are two workloads for 'performance'; the first one counts"),
        ])
    func configurationMistakes(test: SpecCase) {
        #expect(diagnostics(test.text, SpecFiles.testConfiguration) == test.diagnostics)
    }

    @Test("A test plan")
    func plan() throws {
        let text = """
            requests:
            - path: /
            - name: add
              method: POST
              path: /carts/1/items?x=y
              headers: {Content-Type: application/json, X-Count: 2}
              body: |
                {"item": 1}
              timeout: 500ms
              expect: {status: 201, body_contains: id}
            - path: /both
              expect: {status: [200, 404], body_contains: [a, 2]}
            """
        let parsed = try SpecFiles.testPlan(bytes(text), file: "plan.yaml")
        #expect(parsed.warnings.isEmpty)
        #expect(
            parsed.value
                == TestPlan(requests: [
                    .init(name: "GET /", path: "/"),
                    .init(
                        name: "add", method: "POST", path: "/carts/1/items?x=y",
                        headers: ["Content-Type": "application/json", "X-Count": "2"], body: "{\"item\": 1}\n",
                        timeout: .milliseconds(500), expect: .init(statuses: [201], bodyContains: ["id"])),
                    .init(
                        name: "GET /both", path: "/both",
                        expect: .init(statuses: [200, 404], bodyContains: ["a", "2"])),
                ]))
    }

    @Test(
        "Mistakes in test plans",
        arguments: [
            SpecCase("no requests", "requests: []", "s.yaml:1:11: error: a plan needs at least one request"),
            SpecCase("empty requests", "requests:", "s.yaml:1:1: error: the file has no 'requests'"),
            SpecCase(
                "wrong values",
                """
                requests:
                - {name: x}
                - {path: carts, method: get, timeout: 0s, expect: {status: ok}}
                - {path: "/a b", timeout: 10, expect: {status: [99, 200], bodyContains: x}}
                - GET /
                """,
                "s.yaml:2:3: error: 'requests[0]' has no 'path'",
                "s.yaml:3:10: error: 'path' needs a path that begins with / and has no blanks, found 'carts'",
                "s.yaml:3:25: error: 'method' needs an HTTP method such as GET or POST, found 'get'",
                "s.yaml:3:39: error: 'timeout' needs a duration above zero, found '0s'",
                "s.yaml:3:60: error: 'status' needs a whole number from 100 to 599, found 'ok'",
                "s.yaml:4:10: error: 'path' needs a path that begins with / and has no blanks, found the text \"/a b\"",
                "s.yaml:4:27: error: 'timeout' needs a duration such as 30s, 10m or 1h30m, found '10'",
                "s.yaml:4:49: error: 'status[0]' needs a whole number from 100 to 599, found '99'",
                "s.yaml:4:59: warning: unknown key 'bodyContains'; did you mean 'body_contains'?",
                "s.yaml:5:3: error: 'requests[3]' needs a mapping with name, method, path, headers, body, timeout, "
                    + "expect, found 'GET /'"),
        ])
    func planMistakes(test: SpecCase) {
        #expect(diagnostics(test.text, SpecFiles.testPlan) == test.diagnostics)
    }
}

@Suite("Reading process.yaml")
struct ProcessSpecReadingTests {
    @Test("Only a command, and everything")
    func whole() throws {
        #expect(
            try SpecFiles.process(bytes("command: ./carts"), file: "process.yaml").value
                == ProcessSpec(command: "./carts"))
        let text = """
            command: $ARTIFACT/carts
            arguments: [--port, $PORT, 5]
            environment: {MODE: fast, LEVEL: 3, NONE: }
            replicas: 2
            health_check: {path: /healthz, start_timeout: 5s, interval: 100ms, timeout: 1s}
            graceful_stop: 1m
            """
        let parsed = try SpecFiles.process(bytes(text), file: "process.yaml")
        #expect(parsed.warnings.isEmpty)
        #expect(
            parsed.value
                == ProcessSpec(
                    command: "$ARTIFACT/carts", arguments: ["--port", "$PORT", "5"],
                    environment: ["MODE": "fast", "LEVEL": "3", "NONE": ""], replicas: 2,
                    healthCheck: .init(
                        path: "/healthz", startTimeout: .seconds(5), interval: .milliseconds(100),
                        timeout: .seconds(1)),
                    gracefulStop: .seconds(60)))
    }

    @Test(
        "Mistakes",
        arguments: [
            SpecCase("no command", "replicas: 1", "s.yaml:1:1: error: the file has no 'command'"),
            SpecCase(
                "a blank command", "command: ' '",
                "s.yaml:1:10: error: 'command' needs a program such as ./carts, found the text \" \""),
            SpecCase(
                "wrong values",
                """
                command: [./carts]
                arguments: --port 80
                environment: {"A=B": c}
                replicas: 65
                health_check: {path: health, start_timeout: 0, intervall: 5s, timeout: soon}
                graceful_stop: -1s
                graceful: true
                """,
                "s.yaml:1:10: error: 'command' needs text, found a list",
                "s.yaml:2:12: error: 'arguments' needs a list, found '--port 80'",
                "s.yaml:3:14: error: 'A=B' cannot be the name of an environment variable",
                "s.yaml:4:11: error: 'replicas' needs a whole number from 1 to 64, found '65'",
                "s.yaml:5:22: error: 'path' needs a path that begins with /, found 'health'",
                "s.yaml:5:45: error: 'start_timeout' needs a duration above zero, found '0'",
                "s.yaml:5:48: warning: unknown key 'intervall'; did you mean 'interval'?",
                "s.yaml:5:72: error: 'timeout' needs a duration such as 30s, 10m or 1h30m, found 'soon'",
                "s.yaml:6:16: error: 'graceful_stop' needs a duration above zero, found '-1s'",
                "s.yaml:7:1: warning: unknown key 'graceful'; "
                    + "known here: command, arguments, environment, replicas, health_check, graceful_stop"),
        ])
    func mistakes(test: SpecCase) {
        #expect(diagnostics(test.text, SpecFiles.process) == test.diagnostics)
    }
}
