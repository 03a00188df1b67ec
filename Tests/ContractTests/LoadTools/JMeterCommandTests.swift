import Core
import Foundation
import HTTPServing
import HTTPTypes
import LoadTools
import Logging
import Ports
import Synchronization
import Testing

/// Debian's JMeter against a server of ours.
@Suite("JMeter as a process", .timeLimit(.minutes(5))) struct JMeterCommandTests {
    /// One request to `CHECK_PATH`, by `VUCount` users, `LoopCount` times, with `ThinkTime` before each.
    static let plan = """
        <?xml version="1.0" encoding="UTF-8"?>
        <jmeterTestPlan version="1.2" properties="2.4" jmeter="2.6"><hashTree>
        <TestPlan guiclass="TestPlanGui" testclass="TestPlan" testname="carts" enabled="true">
        <elementProp name="TestPlan.user_defined_variables" elementType="Arguments" guiclass="ArgumentsPanel"
        testclass="Arguments" testname="variables" enabled="true"><collectionProp name="Arguments.arguments"/>
        </elementProp></TestPlan><hashTree>
        <ThreadGroup guiclass="ThreadGroupGui" testclass="ThreadGroup" testname="users" enabled="true">
        <stringProp name="ThreadGroup.on_sample_error">continue</stringProp>
        <elementProp name="ThreadGroup.main_controller" elementType="LoopController" guiclass="LoopControlPanel"
        testclass="LoopController" testname="loop" enabled="true">
        <boolProp name="LoopController.continue_forever">false</boolProp>
        <stringProp name="LoopController.loops">${__P(LoopCount,1)}</stringProp></elementProp>
        <stringProp name="ThreadGroup.num_threads">${__P(VUCount,1)}</stringProp>
        <stringProp name="ThreadGroup.ramp_time">0</stringProp></ThreadGroup><hashTree>
        <HTTPSamplerProxy guiclass="HttpTestSampleGui" testclass="HTTPSamplerProxy" testname="get, the &quot;item&quot;"
        enabled="true"><elementProp name="HTTPsampler.Arguments" elementType="Arguments" guiclass="HTTPArgumentsPanel"
        testclass="Arguments" enabled="true"><collectionProp name="Arguments.arguments"/></elementProp>
        <stringProp name="HTTPSampler.domain">${__P(SERVER_URL)}</stringProp>
        <stringProp name="HTTPSampler.port">${__P(SERVER_PORT)}</stringProp>
        <stringProp name="HTTPSampler.protocol">${__P(PROTOCOL)}</stringProp>
        <stringProp name="HTTPSampler.path">${__P(CHECK_PATH)}</stringProp>
        <stringProp name="HTTPSampler.method">GET</stringProp></HTTPSamplerProxy><hashTree>
        <ConstantTimer guiclass="ConstantTimerGui" testclass="ConstantTimer" testname="think" enabled="true">
        <stringProp name="ConstantTimer.delay">${__P(ThinkTime,0)}</stringProp></ConstantTimer><hashTree/>
        </hashTree></hashTree></hashTree></hashTree></jmeterTestPlan>
        """

    @Test("It runs a script, and every result comes")
    func run() async throws {
        try await withServer { port, counter in
            let results = Mutex(JMeterResults())
            try await Self.withJMeter { jmeter in
                try await jmeter.run(test(port, path: "/health", loops: 3)) { piece in
                    try results.withLock { try $0.read(piece) }
                }
            }
            let report = results.withLock { $0.report }
            #expect(report.requests == 6)
            #expect(report.errors == 0, "\(report.failures)")
            #expect(report.parts.map(\.name) == ["get, the \"item\""])
            #expect(counter.requests.withLock { $0 } == 6)
        }
    }

    @Test("A script finds the data files that lie beside it")
    func data() async throws {
        try await withServer { port, counter in
            let results = Mutex(JMeterResults())
            try await Self.withJMeter { jmeter in
                var test = test(port, path: "/missing", loops: 1)
                let data = """
                    <CSVDataSet guiclass="TestBeanGUI" testclass="CSVDataSet" testname="paths" enabled="true">
                    <stringProp name="filename">data/paths.csv</stringProp>
                    <stringProp name="fileEncoding"></stringProp><stringProp name="variableNames">path</stringProp>
                    <stringProp name="delimiter">,</stringProp><boolProp name="quotedData">false</boolProp>
                    <boolProp name="recycle">true</boolProp><boolProp name="stopThread">false</boolProp>
                    <stringProp name="shareMode">All threads</stringProp></CSVDataSet><hashTree/>
                    <HTTPSamplerProxy 
                    """
                let plan = Self.plan.split(separator: "<HTTPSamplerProxy ").joined(separator: data)
                    .split(separator: "${__P(CHECK_PATH)}").joined(separator: "${path}")
                test.files = [
                    "jmeter/load.jmx": Array(plan.utf8), "jmeter/data/paths.csv": Array("/health\n".utf8),
                ]
                let ready = test
                try await jmeter.run(ready) { piece in try results.withLock { try $0.read(piece) } }
            }
            let report = results.withLock { $0.report }
            #expect(report.requests == 2 && report.errors == 0, "\(report.failures)")
            #expect(counter.requests.withLock { $0 } == 2)
        }
    }

    @Test("Failed requests are told with their status")
    func errors() async throws {
        try await withServer { port, _ in
            let results = Mutex(JMeterResults())
            try await Self.withJMeter { jmeter in
                try await jmeter.run(test(port, path: "/missing", loops: 1)) { piece in
                    try results.withLock { try $0.read(piece) }
                }
            }
            let report = results.withLock { $0.report }
            #expect(report.errors == 2)
            #expect(report.failures.first?.contains("404") == true)
        }
    }

    @Test("What is no script is an error with JMeter's own words")
    func noScript() async throws {
        try await Self.withJMeter { jmeter in
            let error = await #expect(throws: KeptnError.self) {
                try await jmeter.run(
                    LoadToolTest(plan: "a.jmx", files: ["a.jmx": Array("no script".utf8)], properties: [:])
                ) { _ in }
            }
            #expect(error?.code == .failedDependency)
            #expect(error?.message.hasPrefix("JMeter has run nothing: ") == true)
        }
    }

    @Test("Where JMeter is not, the error names what to install")
    func missing() async throws {
        let jmeter = try JMeterCommand(
            path: "/nowhere/jmeter", folder: NSTemporaryDirectory(), ids: SystemIDs(), logger: Self.logger)
        let error = await #expect(throws: KeptnError.self) {
            try await jmeter.run(LoadToolTest(plan: "a.jmx", files: [:], properties: [:])) { _ in }
        }
        #expect(error?.code == .failedDependency)
        #expect(error?.message.contains("apt-get install jmeter jmeter-http") == true)
    }

    @Test(
        "A JMeter that ends in the middle is an error, whatever it has told before",
        arguments: ["exit 7", "kill -9 $$"])
    func endsEarly(_ end: String) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "keptn-jmeter-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let program = "\(folder)/jmeter"
        let script = "#!/bin/sh\necho 1,5,a,200,OK,t,text,true, >/dev/fd/4\necho 'ERROR: no memory'\n\(end)\n"
        let isMade = FileManager.default.createFile(
            atPath: program, contents: Data(script.utf8), attributes: [.posixPermissions: 0o755])
        #expect(isMade)
        let jmeter = try JMeterCommand(path: program, folder: folder, ids: SystemIDs(), logger: Self.logger)
        let results = Mutex(JMeterResults())
        let error = await #expect(throws: KeptnError.self) {
            try await jmeter.run(LoadToolTest(plan: "a.jmx", files: [:], properties: [:])) { piece in
                try results.withLock { try $0.read(piece) }
            }
        }
        #expect(results.withLock { $0.report }.requests == 1)
        #expect(error?.code == .failedDependency)
        let code = end == "exit 7" ? 7 : 137
        #expect(
            error?.message == "JMeter ended before its test was over, with exit code \(code): ERROR: no memory",
            "\(error?.message ?? "")")
    }

    @Test("A cancelled test leaves no process behind")
    func cancelled() async throws {
        try await withServer { port, _ in
            try await Self.withJMeter { jmeter in
                // A mark by which its processes are found.
                let mark = "MARK=\(UUID().uuidString)"
                var test = test(port, path: "/health", loops: 1_000_000)
                test.properties["MARK"] = String(mark.dropFirst(5))
                let (first, seen) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
                await withThrowingTaskGroup(of: Void.self) { group in
                    let endless = test
                    group.addTask { try await jmeter.run(endless) { _ in seen.yield() } }
                    for await _ in first { break }
                    #expect(!Self.processes(mark).isEmpty)
                    group.cancelAll()
                    _ = await group.nextResult()
                }
                try await Self.untilGone(mark)
            }
        }
    }

    // MARK: -

    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func test(_ port: Int, path: String, loops: Int) -> LoadToolTest {
        LoadToolTest(
            plan: "jmeter/load.jmx", files: ["jmeter/load.jmx": Array(Self.plan.utf8)],
            properties: [
                "PROTOCOL": "http", "SERVER_URL": "127.0.0.1", "SERVER_PORT": "\(port)", "CHECK_PATH": path,
                "VUCount": "2", "LoopCount": "\(loops)",
            ])
    }

    private static func withJMeter(_ body: (JMeterCommand) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "keptn-jmeter-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(JMeterCommand(path: nil, folder: folder.path, ids: SystemIDs(), logger: logger))
        let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(left.filter { $0.hasPrefix("run-") }.isEmpty)
    }

    /// A server that knows `/health` only, and counts.
    private func withServer(_ body: @escaping @Sendable (_ port: Int, Counter) async throws -> Void) async throws {
        let counter = Counter()
        let (ports, port) = AsyncStream.makeStream(of: Int.self, bufferingPolicy: .bufferingNewest(1))
        let serving = HTTPServing(
            host: "127.0.0.1", port: 0,
            routes: [
                HTTPRoute(.get, "/health", access: .everybody) { _ in
                    counter.requests.withLock { $0 += 1 }
                    return .text("ok")
                }
            ], requests: RequestStatistics(), admit: { _, _ in .nobody }, logger: Self.logger
        ) { port.yield($0) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await serving.run() }
            for await number in ports {
                try await body(number, counter)
                break
            }
            group.cancelAll()
            while (try? await group.next()) != nil {}
        }
    }

    /// The ids of the processes with this text in their command line.
    private static func processes(_ mark: String) -> [String] {
        let ids = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return ids.filter { id in
            guard Int(id) != nil, let line = FileManager.default.contents(atPath: "/proc/\(id)/cmdline") else {
                return false
            }
            return String(decoding: line, as: UTF8.self).contains(mark)
        }
    }

    /// Killed processes are there until the kernel has taken them away.
    private static func untilGone(_ mark: String) async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while !processes(mark).isEmpty {
            try #require(ContinuousClock.now < deadline, "still there: \(processes(mark))")
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}

private final class Counter: Sendable {
    let requests = Mutex(0)
}
