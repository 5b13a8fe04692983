// A driver's app in Node, made from the published schemas alone. It holds Drive, takes the first ride
// that it is offered to its end, is paid by hand and goes home.
//
//   node driver.js ADDRESS TOKEN TAXI LAT LNG FOLDER-OF-SCHEMAS…
//
// It prints a line of JSON for whatever the server says. The exit code is 0 if all went well.
'use strict';
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const [address, token, taxiId, lat, lng, ...includeDirs] = process.argv.slice(2);
const definition = loader.loadSync('hexhail/driver/v1/driver.proto', {
  includeDirs, longs: String, enums: String, oneofs: true,
});
const { DriverService } = grpc.loadPackageDefinition(definition).hexhail.driver.v1;
const client = new DriverService(address, grpc.credentials.createInsecure());
const metadata = new grpc.Metadata();
metadata.set('authorization', `Bearer ${token}`);
const stream = client.Drive(metadata);

let commands = 0;
let skewMs = 0; // the city's clock is not ours
let reporting;

function command(action) {
  commands += 1;
  stream.write({ command: { requestId: `node-${taxiId}-${commands}`, ...action } });
}

function report() {
  const fix = { lat: Number(lat), lng: Number(lng), atMs: String(Math.floor(Date.now() + skewMs)) };
  stream.write({ fixes: { fixes: [fix], datum: 'DATUM_WGS84' } });
}

function fail(why) {
  console.error(why);
  process.exit(1);
}

// What is done about each message, by its name.
const answers = {
  welcome(m) {
    skewMs = Number(m.at.seconds) * 1000 + m.at.nanos / 1e6 - Date.now();
    command({ setDuty: { duty: 'DUTY_ON', taxiId } });
    reporting = setInterval(report, 200);
  },
  offer(m) {
    stream.write({ ack: { offerId: m.offerId } });
    command({ accept: { offerId: m.offerId } });
  },
  result(m) {
    if (m.error) fail(`${m.requestId}: ${m.error.reason}: ${m.error.text}`);
    if (m.done.ride) next(m.done.ride);
  },
};

// next is the step that follows the state that a ride has come to.
function next({ rideId, state }) {
  switch (state) {
    case 'RIDE_STATE_ASSIGNED': return command({ arrived: { rideId } });
    case 'RIDE_STATE_ARRIVED': return command({ started: { rideId } });
    case 'RIDE_STATE_ON_TRIP': return command({ completed: { rideId, meterFen: '1100' } });
    case 'RIDE_STATE_COMPLETED': return command({ cashReceived: { rideId } });
    case 'RIDE_STATE_SETTLED':
      clearInterval(reporting);
      return stream.end();
    default: return fail(`a ride that is ${state}`);
  }
}

stream.on('data', (m) => {
  console.log(JSON.stringify({ seq: m.seq, message: m.message, ...m[m.message] }));
  if (answers[m.message]) answers[m.message](m[m.message]);
});
stream.on('error', (e) => fail(`${e.code} ${e.details}`));
stream.on('end', () => client.close());
stream.write({ hello: { taxiId, appVersion: 'node' } });
