import Core
import FoundationEssentials
import NIOCore
import NIOPosix
import Ports
import ProcessRuntime
import TestSupport
import Testing

@Suite("LocalProcesses", .timeLimit(.minutes(5)))
struct LocalProcessesTests {
    @Test("A process gets its arguments, environment and folder, and its output is kept")
    func output() async throws {
        try await withTemporaryFolder { folder in
            let runner = LocalProcesses(name: folder, time: MachineTime())
            let process = try await runner.start(
                shell("echo \"$1 $COLOR $(pwd)\"; echo problem >&2; exit 3", ["red"], in: folder, ["COLOR": "blue"]))
            #expect(try await runner.exited(process) == .exited(code: 3))
            let resolved = URL(filePath: folder).resolvingSymlinksInPath().path().dropTrailingSlash
            #expect(await runner.lastLines(of: "\(folder)/log", max: 20) == ["red blue \(resolved)", "problem"])
            #expect(await runner.lastLines(of: "\(folder)/log", max: 1) == ["problem"])
            #expect(await runner.isRunning(process) == false)
            #expect(try await runner.exited(process) == .exited(code: 3), "asked later, the answer is the same")
        }
    }

    @Test("A program that does not exist is refused by name")
    func missing() async throws {
        try await withTemporaryFolder { folder in
            let runner = LocalProcesses(name: folder, time: MachineTime())
            let command = ProcessCommand(
                program: "./nothing", arguments: [], environment: [:], folder: folder, logFile: "\(folder)/log")
            let error = await #expect(throws: KeptnError.self) { try await runner.start(command) }
            #expect(error?.message == "'\(folder)/./nothing' cannot be started: No such file or directory")
        }
    }

    @Test("A polite process ends by SIGTERM, a stubborn one by SIGKILL", arguments: [false, true])
    func stop(_ isStubborn: Bool) async throws {
        try await withTemporaryFolder { folder in
            let runner = LocalProcesses(name: folder, time: MachineTime())
            let trap = isStubborn ? "trap '' TERM" : "trap 'exit 7' TERM"
            let process = try await runner.start(
                shell("\(trap); echo ready; while true; do sleep 0.05; done", in: folder))
            try await eventually("the trap is set") { await runner.lastLines(of: "\(folder)/log", max: 1) == ["ready"] }
            await runner.stop(process, grace: isStubborn ? .milliseconds(100) : .seconds(20))
            #expect(try await runner.exited(process) == (isStubborn ? .killed(signal: 9) : .exited(code: 7)))
        }
    }

    @Test("What a process started itself ends with it")
    func group() async throws {
        try await withTemporaryFolder { folder in
            let runner = LocalProcesses(name: folder, time: MachineTime())
            let process = try await runner.start(shell("sleep 600 & echo $!; wait", in: folder))
            try await eventually("the child is started") {
                await !runner.lastLines(of: "\(folder)/log", max: 1).isEmpty
            }
            let child = try #require(await runner.lastLines(of: "\(folder)/log", max: 1).first.flatMap(Int32.init))
            await runner.stop(process, grace: .seconds(20))
            try await eventually("the child is gone") {
                guard let state = FileManager.default.contents(atPath: "/proc/\(child)/stat") else { return true }
                return String(decoding: state, as: UTF8.self).contains(") Z ")
            }
        }
    }

    @Test("A second runner of the same name finds, watches and stops what the first one started")
    func adoption() async throws {
        try await withTemporaryFolder { folder in
            let process = try await LocalProcesses(name: folder, time: MachineTime()).start(
                shell("exec sleep 600", in: folder))
            let second = LocalProcesses(name: folder, time: MachineTime())
            #expect(await second.isRunning(process))
            #expect(await second.running() == [process])
            #expect(await LocalProcesses(name: "\(folder)-other", time: MachineTime()).running().isEmpty)
            async let exit = second.exited(process)
            await second.stop(process, grace: .seconds(20))
            _ = try await exit
            #expect(await second.running().isEmpty)
            #expect(await !second.isRunning(process))
        }
    }

    @Test("A process of another time with the same id is not ours")
    func reusedID() async throws {
        try await withTemporaryFolder { folder in
            let runner = LocalProcesses(name: folder, time: MachineTime())
            let process = try await runner.start(shell("exec sleep 600", in: folder))
            let other = ProcessHandle(pid: process.pid, startTicks: process.startTicks + 1)
            #expect(await !runner.isRunning(other))
            #expect(try await runner.exited(other) == .gone)
            await runner.stop(other, grace: .seconds(20))
            #expect(await runner.isRunning(process))
            await runner.stop(process, grace: .seconds(20))
        }
    }

    @Test("Waiting can be given up")
    func cancelledWait() async throws {
        try await withTemporaryFolder { folder in
            let runner = LocalProcesses(name: folder, time: MachineTime())
            let process = try await runner.start(shell("exec sleep 600", in: folder))
            await #expect(throws: DeadlineExceeded.self) {
                try await MachineTime().withDeadline(.milliseconds(20), "it") { try await runner.exited(process) }
            }
            await runner.stop(process, grace: .seconds(20))
        }
    }

    @Test("A port is given to one chooser at a time, and not while somebody listens on it")
    func ports() async throws {
        // Above the ports of outgoing connections; nothing else here uses them.
        let range = 64_210..<64_213
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: range.lowerBound).get()
        #expect(!FreePorts.isFree(range.lowerBound))
        var first: FreePorts? = FreePorts(in: range)
        let chosen = try [first?.choose(), first?.choose()]
        #expect(Set(chosen) == Set(range.dropFirst()))
        #expect(range.dropFirst().allSatisfy(FreePorts.isFree))
        let second = FreePorts(in: range)
        #expect(throws: KeptnError.self) { try second.choose() }
        first = nil
        let chosenNext = try [second.choose(), second.choose()]
        #expect(Set(chosenNext) == Set(range.dropFirst()))
        try await listener.close()
        #expect(try second.choose() == range.lowerBound)
    }

    private func shell(
        _ script: String, _ arguments: [String] = [], in folder: String, _ environment: [String: String] = [:]
    ) -> ProcessCommand {
        ProcessCommand(
            program: "sh", arguments: ["-c", script, "sh"] + arguments, environment: environment, folder: folder,
            logFile: "\(folder)/log")
    }
}

extension String {
    fileprivate var dropTrailingSlash: String { hasSuffix("/") ? String(dropLast()) : self }
}
