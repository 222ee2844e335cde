// Every sentence of the page, in both languages.
const english = {
  title: 'One login, many tabs',
  lead: 'This tab talks to the hybrid of your playground by itself, with the project’s client for browsers (labs/lab4-hybrid/client). Open it in several tabs: what happens in one happens in all of them.',
  here: 'This tab', account: 'Account', email: 'E-mail address', password: 'Password', logIn: 'Log in', signUp: 'Sign up',
  tryIt: 'Try it', another: 'Open another tab', me: 'GET /me', sessions: 'List the sessions', logOut: 'Log out', logOutEverywhere: 'Log out everywhere',
  happened: 'What happened in this tab',
  status: { unknown: 'Asking the server…', in: 'Logged in', out: 'Logged out' },
  session: id => `Session ${id}. The access token is in this tab’s memory, the refresh token in a cookie that no script can read.`,
  ideas: [
    'Log out in one tab and look at the others.',
    'In the playground, let 15 minutes pass and send GET /me here: the access token is refused, the client refreshes once, and the answer is 200.',
    'In the playground, cut the connection to the store and let 15 minutes pass: requests fail with 503, and no tab is logged out. Restore the connection, and they work again.',
  ],
  change: {
    login: 'Logged in.', signup: 'Signed up and logged in.', refresh: 'Still logged in from before.', logout: 'Logged out.',
    unauthenticated: 'No user is logged in in this browser.', refresh_ended: 'The server has ended the session.',
    refresh_reused: 'A refresh token was used twice, so the server has ended the session.', refresh_expired: 'The session was not used for too long.',
  },
  changed: (status, reason) => `${status}: ${reason}`,
  answered: (what, status, text) => `${what} → ${status}${text ? `: ${text}` : ''}`,
  count: count => (count === 1 ? '1 session' : `${count} sessions`),
  failed: (what, status, code) => `${what} failed: ${status === 0 ? 'no answer' : status} ${code}`,
};

const japanese = {
  title: '一つのログインを、すべてのタブで',
  lead: 'このタブは、プロジェクトのブラウザー用クライアント（labs/lab4-hybrid/client）を使い、プレイグラウンドのハイブリッドサーバーと直接通信しています。複数のタブで開いてみてください。一つのタブで起きたことは、すべてのタブに反映されます。',
  here: 'このタブ', account: 'アカウント', email: 'メールアドレス', password: 'パスワード', logIn: 'ログイン', signUp: '新規登録',
  tryIt: '試してみる', another: '別のタブで開く', me: 'GET /me', sessions: 'セッション一覧', logOut: 'ログアウト', logOutEverywhere: 'すべての端末からログアウト',
  happened: 'このタブで起きたこと',
  status: { unknown: 'サーバーに確認中…', in: 'ログイン中', out: '未ログイン' },
  session: id => `セッション ${id}。アクセストークンはこのタブのメモリーに、リフレッシュトークンはスクリプトから読めない Cookie にあります。`,
  ideas: [
    '一つのタブでログアウトして、ほかのタブを見てください。',
    'プレイグラウンドで 15 分進めてから、ここで GET /me を送ってください。アクセストークンは拒否されますが、クライアントが 1 回だけリフレッシュし、200 が返ります。',
    'プレイグラウンドでストアへの接続を切断し、15 分進めてください。リクエストは 503 で失敗しますが、どのタブもログアウトされません。復旧すれば、また使えます。',
  ],
  change: {
    login: 'ログインしました。', signup: '登録してログインしました。', refresh: '以前のログインが続いています。', logout: 'ログアウトしました。',
    unauthenticated: 'このブラウザーでは誰もログインしていません。', refresh_ended: 'サーバーがセッションを終了しました。',
    refresh_reused: 'リフレッシュトークンが 2 回使われたため、サーバーがセッションを終了しました。', refresh_expired: '長期間使われず、セッションが失効しました。',
  },
  changed: (status, reason) => `${status}: ${reason}`,
  answered: (what, status, text) => `${what} → ${status}${text ? `: ${text}` : ''}`,
  count: count => `セッション ${count} 件`,
  failed: (what, status, code) => `${what} は失敗しました: ${status === 0 ? '応答なし' : status} ${code}`,
};

const wish = new URLSearchParams(location.search).get('lang') || (navigator.language || '').slice(0, 2);
export const language = wish === 'ja' ? 'ja' : 'en';
export const words = { en: english, ja: japanese }[language];
